"""Tensor partitions: Galaxy's and Jupiter's environments, 200 generated groups, sizes."""

import json
from collections.abc import Iterator

from models.documents import read_problem, validate
from models.problems.tensor_partition import TensorMode, TensorPartitionProblem
from models.result import Limits
from planner.benchmark.gaps import gap_row, gap_table
from planner.benchmark.measure import measure
from planner.benchmark.table import Cell, Table
from problem_instances.generate import generate
from problem_instances.generators.tensor_partition import (
    GALAXY,
    JUPITER,
    TensorSpec,
    environment,
)
from problem_instances.text import to_text
from solvers.registry import entries

KIND = "tensor_partition"
_EXACT = "bisection"
_METHODS = {method.name: method for method in entries(KIND)}
_GENERATED = 200
_TIGHTNESS = (40, 70, 90, 97)
_SIZES = (4, 6, 8, 10, 12)


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _environments(limits)
    yield gap_table(
        (
            "tensor_partition generated",
            "Cost above the optimum; 2 to 6 devices of up to 3 types, memory 40 to 97 % full.",
        ),
        (generated(seed) for seed in range(_GENERATED)),
        _EXACT,
        limits,
    )
    yield gap_table(
        (
            "tensor_partition on all devices",
            "The same groups as Galaxy states the problem: all devices, its own mode.",
        ),
        (_as_galaxy(generated(seed)) for seed in range(_GENERATED)),
        _EXACT,
        limits,
        ("megatron-even", "sequence-even"),
    )
    yield _sizes(limits)


def _environments(limits: Limits) -> Table:
    table = Table(
        "tensor_partition environments", "Optimum, and cost above it; – where there is no plan."
    )
    galaxy = [(n, m, 125) for n in GALAXY for m in ("bert-l", "gpt2-l", "opt-l")]
    jupiter = [(n, "llama-2-7b", rate) for n in JUPITER for rate in (100, 500, 1000)]
    for name, model, rate in (*galaxy, *jupiter):
        problem = read_problem(to_text(environment(name, model, rate)))
        row = gap_row(problem, _EXACT, limits)
        cells: dict[str, Cell] = {"environment": name, "model": model, "Mbit/s": rate}
        cells["optimum_ns"] = None if row is None else row[_EXACT]
        for method in _METHODS.values():
            if not method.traits.exact:
                cells[f"{method.name}_ppm"] = None if row is None else row[method.name]
        table.add(cells)
    return table


def _as_galaxy(problem: TensorPartitionProblem) -> TensorPartitionProblem:
    modes = (TensorMode.TENSOR_SEQUENCE,)
    return problem.model_copy(update={"use_all_devices": True, "modes": modes})


def generated(seed: int) -> TensorPartitionProblem:
    """One of the 200 problems: 2 to 6 devices, four degrees of tightness, two rates."""
    spec = TensorSpec(
        seed,
        devices=2 + seed % 5,
        tightness=_TIGHTNESS[seed % len(_TIGHTNESS)],
        bandwidth_mbit_per_s=(125, 1000)[seed // 100],
        overlap=seed % 3 > 0,
    )
    return validate(json.loads(generate(spec)), TensorPartitionProblem)


def _sizes(limits: Limits) -> Table:
    table = Table("tensor_partition sizes", "Up to as many types as devices, memory 90 % full.")
    for size in _SIZES:
        problem = read_problem(generate(TensorSpec(1, size, size, 32, 128, 256, 90)))
        row: dict[str, Cell] = {"devices": size}
        for name in (_EXACT, "cpsat", "milp"):
            run = measure(problem, _METHODS[name], limits)
            row[f"{name} proved"] = "yes" if run.proved else "no"
            row[f"{name} time_ns"] = run.outcome.wall_ns
        table.add(row)
    return table
