"""Fleets: 40 cameras and 1,000, with room on links and servers and without; 30 options each."""

from collections.abc import Iterator

from models.documents import read_problem
from models.problems import AnyProblem
from models.result import Limits
from planner.benchmark.measure import Measured, measure
from planner.benchmark.table import Cell, Table
from problem_instances.generate import generate
from problem_instances.generators.split_fleet import FleetSpec
from solvers.registry import entries

KIND = "split_fleet"
_METHODS = {method.name: method for method in entries(KIND)}
_SECOND_NS = 10**9
_SMALL_NS, _LARGE_NS = 10 * _SECOND_NS, 60 * _SECOND_NS
_SEEDS = range(1, 11)
# Bandwidth and server time that is there, in percent of what Entropic Student at its most accurate
# would need on all streams: ample, then less and less; below, most seeds have no plan.
_TIGHTNESS = ((50, 110), (60, 80), (60, 70), (80, 60), (60, 60), (60, 50))
_LARGE = (
    ("1,000 cameras, 10 uplinks", FleetSpec(1, 1000, 10, 10)),
    ("1,000 cameras, 50 uplinks", FleetSpec(1, 1000, 50, 10)),
    ("1,000 cameras, servers full", FleetSpec(1, 1000, 50, 10, load=60, server_load=60)),
)


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _forty(limits)
    yield _thousand(limits)


def _forty(limits: Limits) -> Table:
    about = "40 cameras, 4 uplinks, 2 servers, ten seeds per row, 10 s per solve."
    table = Table("fleets by tightness", about)
    part = limits.model_copy(update={"time_limit_ns": min(limits.time_limit_ns, _SMALL_NS)})
    for load, server_load in _TIGHTNESS:
        specs = [FleetSpec(seed, load=load, server_load=server_load) for seed in _SEEDS]
        problems = [_read(spec) for spec in specs]
        row: dict[str, Cell] = {"uplinks": f"{load} %", "servers": f"{server_load} %"}
        for name in ("prices", "cpsat", "milp"):
            runs = [measure(problem, _METHODS[name], part) for problem in problems]
            row[f"{name} settled"] = f"{sum(run.proved for run in runs)} of {len(runs)}"
            row[f"{name} slowest_ns"] = max(run.outcome.wall_ns for run in runs)
            if name == "prices":
                row["without a plan"] = sum(run.outcome.proves_infeasible for run in runs)
        table.add(row)
    return table


def _thousand(limits: Limits) -> Table:
    table = Table("large fleets", "Cost above the best bound; – where there is no plan.")
    part = limits.model_copy(update={"time_limit_ns": min(limits.time_limit_ns, _LARGE_NS)})
    for name, spec in _LARGE:
        problem = _read(spec)
        runs = {
            method: measure(problem, entry, part)
            for method, entry in _METHODS.items()
            if method != "milp"
        }
        bounds = [run.outcome.lower_bound for run in runs.values()]
        bound = max((b for b in bounds if b is not None), default=None)
        row: dict[str, Cell] = {"fleet": name, "bound": bound}
        for method in ("prices", "cpsat"):
            row[f"{method} time_ns"] = runs[method].outcome.wall_ns
        table.add(row | {f"{method}_ppm": _above(run, bound) for method, run in runs.items()})
    return table


def _read(spec: FleetSpec) -> AnyProblem:
    return read_problem(generate(spec))


def _above(run: Measured, bound: int | None) -> int | None:
    objective = run.outcome.objective
    if objective is None or not bound:
        return None
    return (objective - bound) * 10**6 // bound
