"""From an integer program's answer to a claim about a training pipeline, for any backend."""

from collections.abc import Callable

from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
from solvers.integer_program import Answer, IntegerProgram
from solvers.tables.pipeline_training import build
from solvers.tables.pipeline_training_planners import asteroid, priced
from solvers.tables.pipeline_training_program import Formulation, TooManyColumnsError

# Above so many columns a program is not even handed over.
_MOST_COLUMNS = 60_000
# Every round is shorter (models/problems/pipeline_training.py, MAX_ROUND_NS).
_EVERY_ROUND = 2**53 + 1


def claim(
    name: str,
    problem: PipelineTrainingProblem,
    watch: Stopwatch,
    solve: Callable[[IntegerProgram], Answer],
) -> Claim[PipelineTrainingPlan]:
    """What a backend's `solve` says of a problem, once Asteroid's plan has cut it down."""
    tables = build(problem)
    line = asteroid(tables, watch)
    start = None if line is None else [(a, b, tables.group_of(devices)) for a, b, devices in line]
    cost = None if start is None else priced(tables, start)
    try:
        form = Formulation(tables, _EVERY_ROUND if cost is None else cost, _MOST_COLUMNS)
    except TooManyColumnsError:
        detail = f"over {_MOST_COLUMNS:,} columns are too many"
        return Claim(name, Reason.UNSUPPORTED, detail=detail)
    known = None if start is None or cost is None else tables.plan(start)
    answer = solve(form.program) if form.columns else Answer(Reason.INFEASIBLE)
    if answer.reason in (Reason.UNSUPPORTED, Reason.FAILED):
        return Claim(name, answer.reason, detail=answer.detail)
    stats = {"columns": len(form.columns)}
    if answer.infeasible:
        if known is None or cost is None:
            return Claim(name, Reason.INFEASIBLE, stats=stats)
        return Claim(name, Reason.COMPLETED, known, cost, stats=stats)
    plan = known
    if answer.point is not None:
        stages = form.stages(answer.point)
        plan, cost = tables.plan(stages), priced(tables, stages)
    if answer.reason is Reason.COMPLETED:
        return Claim(name, Reason.COMPLETED, plan, cost, stats=stats)
    # The bound counts towards rounds shorter than the one known.
    bounds = [bound for bound in (answer.bound, cost) if bound is not None]
    lower = None if answer.bound is None else min(bounds)
    return Claim(name, answer.reason, plan, lower, answer.detail, stats)
