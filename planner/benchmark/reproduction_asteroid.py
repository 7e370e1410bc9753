"""Asteroid's claims as bounds, beside the shipped testbeds.

The paper (Ye et al., MobiCom 2024, arXiv 2408.08015) says "up to": 12.2 times the throughput of
data or pipeline parallelism, 2.1 times that of hybrid parallelism, recovery 14 times as fast. Its
planner stands here beside data parallelism, an even pipeline and PipeDream's hybrid plan, and those
ratios stay within the claims. Recovery is replay beside planning anew: what moves and the round
after; the paper's 14 counts detection, restart and another planner's time, which are not here.
"""

from fractions import Fraction

from models.documents import read_problem
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Limits
from planner.benchmark.gaps import objective
from planner.benchmark.table import Cell, Table
from planner.replan import changed, moves
from problem_instances import best_known, load
from problem_instances.generators.pipeline_training import MODELS, TESTBEDS, testbed
from problem_instances.text import to_text
from solvers.registry import entries

KIND = "pipeline_training"
_METHODS = {method.name: method for method in entries(KIND)}
_SHIPPED = (
    "nanos-5-resnet-50",
    "boards-4-mobilenet-v2",
    "boards-6-resnet-50",
    "boards-6-mobilenet-v2",
)
_BASELINES: dict[str, Cell] = {
    "data-parallel": "12.2",
    "pipeline-even": "12.2",
    "pipedream": "2.1",
}


def speed() -> Table:
    """Time of baselines over that of Asteroid's plan."""
    found = Table("asteroid speed", "Time of a round over Asteroid's; – where there is no plan.")
    known: dict[str, list[Fraction]] = {method: [] for method in _BASELINES}
    for name in TESTBEDS:
        for model in MODELS:
            for rate in (100, 1000):
                problem = read_problem(to_text(testbed(name, model, rate)))
                own, _ = objective(problem, _METHODS["asteroid"], Limits())
                row: dict[str, Cell] = {"testbed": name, "model": model, "Mbit/s": str(rate)}
                for method in _BASELINES:
                    cost, _ = objective(problem, _METHODS[method], Limits())
                    row[method] = None
                    if own is not None and cost is not None:
                        known[method].append(Fraction(cost, own))
                        row[method] = _times(known[method][-1])
                found.add(row)
    most: dict[str, Cell] = {
        method: _times(max(ratios)) if ratios else None for method, ratios in known.items()
    }
    for heading, cells in (("most", most), ("the paper, up to", _BASELINES)):
        row = {"testbed": heading, "model": "", "Mbit/s": ""}
        found.add(row | cells)
    return found


def _times(ratio: Fraction) -> str:
    return f"{float(ratio):.2f}"


def recovery() -> Table:
    """Bytes that a failure moves, by replay and by planning anew, and the round after."""
    found = Table(
        "asteroid recovery",
        "One device of the best plan lost. Replay moves less and trains slower; – without a plan.",
    )
    for name in _SHIPPED:
        problem, plan = load(f"{KIND}/{name}"), best_known(f"{KIND}/{name}").plan
        if isinstance(problem, PipelineTrainingProblem) and isinstance(plan, PipelineTrainingPlan):
            for lost in [share.device for stage in plan.stages for share in stage.shares]:
                row: dict[str, Cell] = {"testbed": name, "lost": lost}
                after = _without(problem, plan, lost)
                for method in ("replay", "dp"):
                    row |= _after(after, plan, method)
                found.add(row)
    return found


def _without(
    problem: PipelineTrainingProblem, plan: PipelineTrainingPlan, lost: str
) -> PipelineTrainingProblem:
    after = changed(problem, plan, (lost,))
    if not isinstance(after, PipelineTrainingProblem):
        raise TypeError(after.kind)
    return after


def _after(
    problem: PipelineTrainingProblem, old: PipelineTrainingPlan, method: str
) -> dict[str, Cell]:
    claim = _METHODS[method].load().solve(problem, Limits())
    row: dict[str, Cell] = {f"{method} moves_bytes": None, f"{method} round_ns": None}
    if claim.plan is not None:
        cost, _ = objective(problem, _METHODS[method], Limits())
        moved = sum(move.size_bytes for move in moves(problem, old, claim.plan))
        row = {f"{method} moves_bytes": moved, f"{method} round_ns": cost}
    return row
