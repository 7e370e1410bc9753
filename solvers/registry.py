"""Every method of every kind, in order of preference.

Methods are named by module and loaded on first use, so that a process that only lists them (the
HTTP server) never imports a solver library.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from solvers.base import Solver, Traits


@dataclass(frozen=True)
class Entry:
    """One method: its name, where it lives ("module:Class"), what it promises, what it is."""

    name: str
    where: str
    traits: Traits
    summary: str

    def load(self) -> Solver[Any, Any]:
        """An instance of the method; imports its module."""
        module, _, attribute = self.where.partition(":")
        solver: Solver[Any, Any] = getattr(import_module(module), attribute)()
        return solver


def _exact(family: str, max_size: int | None = None) -> Traits:
    return Traits(exact=True, bounds=True, deterministic=True, family=family, max_size=max_size)


_HEURISTIC = Traits(exact=False, bounds=False, deterministic=True, family="heuristic")

_DAG = "dag_partition"
_PIPELINE = "pipeline_partition"

REGISTRY: dict[str, tuple[Entry, ...]] = {
    _DAG: (
        Entry(
            "dp",
            f"solvers.dp.{_DAG}:DynamicProgram",
            _exact("dynamic-programming"),
            "dynamic program over downward-closed sets",
        ),
        Entry(
            "cpsat",
            f"solvers.cpsat.{_DAG}:ConstraintProgram",
            _exact("constraint-programming"),
            "bounds from single accelerators, then OR-Tools CP-SAT",
        ),
        Entry(
            "milp",
            f"solvers.milp.{_DAG}:IntegerProgramming",
            _exact("integer-programming"),
            "one column per group and device, HiGHS",
        ),
        Entry(
            "local-search",
            f"solvers.heuristic.{_DAG}_search:LocalSearch",
            _HEURISTIC,
            "tabu search over single moves",
        ),
        Entry(
            "linearised-dp",
            f"solvers.heuristic.{_DAG}:LinearisedDp",
            _HEURISTIC,
            "the dynamic program along one depth-first order",
        ),
        Entry(
            "pipedream",
            f"solvers.heuristic.{_DAG}:PipeDream",
            _HEURISTIC,
            "branches contracted, then the dynamic program along one order",
        ),
        Entry(
            "greedy",
            f"solvers.heuristic.{_DAG}:Greedy",
            _HEURISTIC,
            "accelerators filled to their share along one order",
        ),
        Entry(
            "one-device",
            f"solvers.heuristic.{_DAG}:OneDevice",
            _HEURISTIC,
            "everything on one device",
        ),
    ),
    _PIPELINE: (
        Entry(
            "dp",
            f"solvers.dp.{_PIPELINE}:DynamicProgram",
            _exact("dynamic-programming"),
            "dynamic program over multisets of device types",
        ),
        Entry(
            "cpsat",
            f"solvers.cpsat.{_PIPELINE}:ConstraintProgram",
            _exact("constraint-programming", max_size=2_000),
            "circuit and element constraints, OR-Tools CP-SAT",
        ),
        Entry(
            "milp",
            f"solvers.milp.{_PIPELINE}:IntervalFlow",
            _exact("integer-programming", max_size=1_500),
            "interval-flow columns, Pyomo and HiGHS",
        ),
        Entry(
            "edgeshard",
            f"solvers.heuristic.{_PIPELINE}:EdgeShard",
            _HEURISTIC,
            "EdgeShard's dynamic programs, memory carried along the best path",
        ),
        Entry(
            "pipedream",
            f"solvers.heuristic.{_PIPELINE}:PipeDream",
            _HEURISTIC,
            "PipeDream's dynamic program on devices sorted by speed",
        ),
        Entry(
            "jupiter-order",
            f"solvers.heuristic.{_PIPELINE}:JupiterOrder",
            _HEURISTIC,
            "Jupiter's dynamic program on the devices in their given order, all in use",
        ),
        Entry(
            "speed-weighted",
            f"solvers.heuristic.{_PIPELINE}:SpeedWeighted",
            _HEURISTIC,
            "layers in proportion to speed",
        ),
        Entry(
            "memory-weighted",
            f"solvers.heuristic.{_PIPELINE}:MemoryWeighted",
            _HEURISTIC,
            "layers in proportion to memory, devices by memory (exo's ring)",
        ),
        Entry(
            "even-split",
            f"solvers.heuristic.{_PIPELINE}:EvenSplit",
            _HEURISTIC,
            "equal layer counts in the order given",
        ),
        Entry(
            "best-single-device",
            f"solvers.heuristic.{_PIPELINE}:BestSingleDevice",
            _HEURISTIC,
            "the whole model on the best device that holds it",
        ),
    ),
}


def entries(kind: str) -> tuple[Entry, ...]:
    """The methods of a kind in order of preference. Raises KeyError for an unknown kind."""
    return REGISTRY[kind]


def entry(kind: str, name: str) -> Entry | None:
    """The method of that name, or None."""
    return next((item for item in REGISTRY[kind] if item.name == name), None)
