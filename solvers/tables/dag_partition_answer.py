"""From an integer program's answer to a claim, for every backend alike."""

from collections.abc import Callable

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.result import Claim, Reason
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array
from solvers.tables.dag_partition import Tables, build
from solvers.tables.dag_partition_ideals import OutOfTimeError
from solvers.tables.dag_partition_linear import linearised, most
from solvers.tables.dag_partition_program import Formulation

Solve = Callable[[Formulation, Array | None], Answer]
# Bounds below every plan better than `upper`, given the tables and `upper`.
Bound = Callable[[Tables, int], int]

# Above so many columns a program is not even handed over.
_MOST_COLUMNS = 200_000


def claim(
    name: str,
    problem: DagPartitionProblem,
    watch: Stopwatch,
    hint: DagPartitionPlan | None,
    methods: tuple[Solve, Bound],
) -> Claim[DagPartitionPlan]:
    """What a backend's `solve` and a `bound` say of a problem, from a hint where it is usable."""
    solve, bound = methods
    tables = build(problem)
    columns = (tables.accelerators + tables.cpus) * (2 * tables.groups + len(tables.nets))
    if columns > _MOST_COLUMNS:
        return Claim(name, Reason.UNSUPPORTED, detail=f"{columns:,} columns are too many")
    form = Formulation(tables, 0, most(tables))
    start = _start(form, hint)
    start = _start(form, _linearised(problem, watch)) if start is None else start
    if start is not None:
        form.builder.upper[form.load] = int(start[form.load])
    upper = form.builder.upper[form.load]
    lower = min(bound(tables, upper), upper)
    form.builder.lower[form.load] = lower
    stats = {"columns": len(form.builder.cost), "rows": len(form.builder.rows), "anchored": lower}
    if start is not None and lower == upper:
        return Claim(name, Reason.COMPLETED, _plan(form, start), lower, stats=stats)
    answer = solve(form, start)
    if answer.infeasible:
        return Claim(name, Reason.INFEASIBLE, stats=stats)
    if answer.reason in (Reason.UNSUPPORTED, Reason.FAILED):
        return Claim(name, answer.reason, detail=answer.detail, stats=stats)
    best = start if answer.point is None else answer.point
    plan = _plan(form, best)
    known = max(lower, answer.bound or 0)
    # The bound counts towards plans better than `upper`; without a plan there may be none at all.
    if best is not None and known >= best[form.load]:
        return Claim(name, Reason.COMPLETED, plan, int(best[form.load]), stats=stats)
    return Claim(name, answer.reason, plan, known, answer.detail, stats)


def streaming(
    form: Formulation, report: Progress[DagPartitionPlan] | None
) -> tuple[Callable[[Array], None], Callable[[int], None]]:
    """Where a backend's better points and bounds go.

    A bound counts towards plans better than the load's upper bound, so it is cut off there.
    """
    listener = report or Progress[DagPartitionPlan]()
    upper = form.builder.upper[form.load]
    return (
        lambda point: listener.plan(form.tables.plan(form.parts(point))),
        lambda bound: listener.bound(min(bound, upper)),
    )


def _start(form: Formulation, plan: DagPartitionPlan | None) -> Array | None:
    """The point of a plan, None where it is no plan of the problem."""
    parts = None if plan is None else form.tables.places(plan)
    return None if parts is None else form.point(parts)


def _linearised(problem: DagPartitionProblem, watch: Stopwatch) -> DagPartitionPlan | None:
    try:
        return linearised(problem, watch)
    except OutOfTimeError:
        return None


def _plan(form: Formulation, point: Array | None) -> DagPartitionPlan | None:
    return None if point is None else form.tables.plan(form.parts(point))
