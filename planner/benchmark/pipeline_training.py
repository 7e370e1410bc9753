"""Training pipelines: testbeds, 200 generated ones, sizes; and what a failure costs.

The failure table loses each device of a shipped testbed in turn, from its best plan, and stands
Asteroid's lightweight replay beside planning anew: CPU time to plan (in this process, imports left
out), weights that move, samples per second after.
"""

import time
from collections.abc import Iterator

from models.documents import read_problem
from models.problems import AnyProblem
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Limits
from planner.benchmark.gaps import gap_row, gap_table
from planner.benchmark.measure import measure
from planner.benchmark.table import Cell, Table
from planner.replan import changed, moves
from planner.verify import verify
from problem_instances import best_known, load, names
from problem_instances.generate import generate
from problem_instances.generators.pipeline_training import (
    MODELS,
    TESTBEDS,
    TrainingSpec,
    testbed,
)
from problem_instances.text import to_text
from solvers.registry import entries

KIND = "pipeline_training"
_EXACT = "dp"
_METHODS = {method.name: method for method in entries(KIND)}
_GENERATED = 200
_TIGHTNESS = (2, 4, 8, 12)
_SIZES = (4, 5, 6, 7, 8, 9)


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _testbeds(limits)
    yield gap_table(
        (
            "pipeline_training generated",
            "Cost above the optimum; 3 to 6 devices of up to 3 types, 12 layers.",
        ),
        (generated(seed) for seed in range(_GENERATED)),
        _EXACT,
        limits,
        ("replay",),
    )
    yield _failures(limits)
    yield _sizes(limits)


def _testbeds(limits: Limits) -> Table:
    table = Table(
        "pipeline_training testbeds", "Optimum, and cost above it; – where there is no plan."
    )
    for name in TESTBEDS:
        for model in MODELS:
            for rate in (100, 1000):
                problem = read_problem(to_text(testbed(name, model, rate)))
                row = gap_row(problem, _EXACT, limits)
                cells: dict[str, Cell] = {"testbed": name, "model": model, "Mbit/s": rate}
                cells["optimum_ns"] = None if row is None else row[_EXACT]
                for method in _METHODS.values():
                    if not method.traits.exact and method.name != "replay":
                        cells[f"{method.name}_ppm"] = None if row is None else row[method.name]
                table.add(cells)
    return table


def generated(seed: int) -> AnyProblem:
    """One of the 200 problems: 3 to 6 devices, four degrees of tightness, two rates."""
    spec = TrainingSpec(
        seed,
        devices=3 + seed % 4,
        tightness=_TIGHTNESS[seed % len(_TIGHTNESS)],
        bandwidth_mbit_per_s=(100, 1000)[seed // 100],
    )
    return read_problem(generate(spec))


def _failures(limits: Limits) -> Table:
    table = Table(
        "pipeline_training failures",
        "One device of the best plan lost: replay | full planning. CPU time; – without a plan.",
    )
    for name in names(KIND):
        problem, plan = load(name), best_known(name).plan
        if isinstance(problem, PipelineTrainingProblem) and isinstance(plan, PipelineTrainingPlan):
            for lost in [share.device for stage in plan.stages for share in stage.shares]:
                table.add({"testbed": name, "lost": lost} | _failure(problem, plan, lost, limits))
    return table


def _failure(
    problem: PipelineTrainingProblem, plan: PipelineTrainingPlan, lost: str, limits: Limits
) -> dict[str, Cell]:
    after = changed(problem, plan, (lost,))
    row: dict[str, Cell] = {}
    for method in ("replay", _EXACT):
        begun = time.process_time_ns()
        claim = _METHODS[method].load().solve(after, limits)
        row[f"{method} time_ns"] = time.process_time_ns() - begun
        verdict = None if claim.plan is None else verify(after, claim.plan)
        row[f"{method} moved_bytes"] = row[f"{method} samples/s"] = None
        if verdict is not None and verdict.objective and claim.plan is not None:
            row[f"{method} moved_bytes"] = sum(m.size_bytes for m in moves(after, plan, claim.plan))
            total = verdict.breakdown.totals["samples"]
            row[f"{method} samples/s"] = f"{total * 10**9 / verdict.objective:.2f}"
    return row


def _sizes(limits: Limits) -> Table:
    table = Table("pipeline_training sizes", "Up to as many types as devices, 20 layers.")
    for size in _SIZES:
        spec = TrainingSpec(1, size, size, 20)
        problem = read_problem(generate(spec))
        row: dict[str, Cell] = {"devices": size}
        for name in (_EXACT, "cpsat", "milp"):
            run = measure(problem, _METHODS[name], limits)
            row[f"{name} proved"] = "yes" if run.proved else "no"
            row[f"{name} time_ns"] = run.outcome.wall_ns
        table.add(row)
    return table
