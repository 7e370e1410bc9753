"""Recovery of a training pipeline: replay beside planning anew, on the shipped testbeds.

Asteroid (Ye et al., MobiCom 2024, arXiv 2408.08015) says that its replay recovers 14 times as fast.
Here: what moves, how long that takes over the busiest device's link, and the round after. Planning
anew moves what is missing where the plan wants it; or, as a system without replay may do (assumed),
collects all weights on one device and hands them out again. Detecting the failure, planning and
restarting take time too: planning is measured in docs/pipeline_training.md, nothing says the rest.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from models.problems.pipeline_training import (
    PipelineTrainingPlan,
    PipelineTrainingProblem,
    TrainingStage,
)
from models.result import Limits
from planner.benchmark.table import Cell, Table
from planner.replan import changed, moves
from planner.replan.move import Move
from planner.verify import verify
from planner.verify.pipeline_training import held
from problem_instances import best_known, load
from solvers.registry import entry

KIND = "pipeline_training"
_SHIPPED = (
    "nanos-5-resnet-50",
    "boards-4-mobilenet-v2",
    "boards-6-resnet-50",
    "boards-6-mobilenet-v2",
)


def table() -> Table:
    """A row per testbed and device of its best plan that is lost."""
    found = Table(
        "asteroid recovery",
        "One device of the best plan lost. Replay moves less and trains slower; – without a plan.",
    )
    for name in _SHIPPED:
        problem, plan = load(f"{KIND}/{name}"), best_known(f"{KIND}/{name}").plan
        if isinstance(problem, PipelineTrainingProblem) and isinstance(plan, PipelineTrainingPlan):
            for lost in [share.device for stage in plan.stages for share in stage.shares]:
                row: dict[str, Cell] = {"testbed": name, "lost": lost}
                found.add(row | _recovered(_without(problem, plan, lost), plan))
    return found


def _without(
    problem: PipelineTrainingProblem, plan: PipelineTrainingPlan, lost: str
) -> PipelineTrainingProblem:
    after = changed(problem, plan, (lost,))
    if not isinstance(after, PipelineTrainingProblem):
        raise TypeError(after.kind)
    return after


def _recovered(problem: PipelineTrainingProblem, old: PipelineTrainingPlan) -> dict[str, Cell]:
    """Replay, planning anew, and that by way of one device that collects all weights."""
    row: dict[str, Cell] = {}
    replayed, anew = _planned(problem, "replay"), _planned(problem, "dp")
    for name, plan in (("replay", replayed), ("dp", anew)):
        row |= dict.fromkeys((f"{name} moves_bytes", f"{name} moving_ns", f"{name} round_ns"))
        if plan is not None:
            moved = moves(problem, old, plan)
            row[f"{name} moves_bytes"] = sum(move.size_bytes for move in moved)
            row[f"{name} moving_ns"] = moving_ns(problem, moved)
            row[f"{name} round_ns"] = verify(problem, plan).objective
    if anew is None:
        raise ValueError("every shipped testbed can lose a device")
    collected = sum(moving_ns(problem, part) for part in _by_one(problem, old, anew))
    replay = row["replay moving_ns"]
    ratio = (
        f"{float(Fraction(collected, replay)):.1f}" if isinstance(replay, int) and replay else None
    )
    return row | {"collected moving_ns": collected, "collected / replay": ratio}


def _planned(problem: PipelineTrainingProblem, method: str) -> PipelineTrainingPlan | None:
    found = entry(KIND, method)
    if found is None:
        raise KeyError(method)
    plan = found.load().solve(problem, Limits()).plan
    if plan is not None and not isinstance(plan, PipelineTrainingPlan):
        raise TypeError(plan.kind)
    return plan


def moving_ns(problem: PipelineTrainingProblem, moved: Iterable[Move]) -> int:
    """Until the busiest device has sent, or received, its weights: all are behind one switch."""
    link = problem.device_graph.default_link
    if link is None:
        raise ValueError("the testbed has no switch")
    sizes: Counter[tuple[str, str]] = Counter()
    for move in moved:
        sizes["to", move.target] += move.size_bytes
        sizes["from", move.source or "a copy"] += move.size_bytes
    bits = 8 * max(sizes.values(), default=0)
    return -(-bits * 10**9 // link.bandwidth_bit_per_s)


def _by_one(
    problem: PipelineTrainingProblem, old: PipelineTrainingPlan, plan: PipelineTrainingPlan
) -> tuple[list[Move], list[Move]]:
    """Every stage's weights to the first device that is left, and from there to all of the plan."""
    names = [device.name for device in problem.devices]
    one = names[0]
    gathered = [
        Move("stage", next((n for n in _names(stage) if n in names), None), one, size)
        for stage, size in _sizes(problem, old)
        if one not in _names(stage)
    ]
    handed = [
        Move("stage", one, name, size)
        for stage, size in _sizes(problem, plan)
        for name in _names(stage)
        if name != one
    ]
    return gathered, handed


def _sizes(
    problem: PipelineTrainingProblem, plan: PipelineTrainingPlan
) -> list[tuple[TrainingStage, int]]:
    """Every stage with the bytes of its weights."""
    return [(s, sum(layer.weight_bytes for layer in held(problem, s))) for s in plan.stages]


def _names(stage: TrainingStage) -> list[str]:
    return [share.device for share in stage.shares]
