"""From the answers of an integer-program solver, policy by policy, to one claim."""

from collections.abc import Callable

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
from solvers.integer_program import Answer, IntegerProgram
from solvers.tables.split_computing_build import build
from solvers.tables.split_computing_program import Formulation


def least_over_policies(
    name: str,
    problem: SplitComputingProblem,
    watch: Stopwatch,
    answer: Callable[[IntegerProgram], Answer],
) -> Claim[SplitComputingPlan]:
    """The least of the policies' optima; a bound only where every policy has one."""
    plans: list[tuple[int, SplitComputingPlan]] = []
    bounds: list[int | None] = []
    interrupted = False
    for tables in build(problem):
        form = Formulation(tables)
        found = answer(form.program)
        if found.infeasible:
            continue
        interrupted |= found.interrupted
        bounds.append(None if found.bound is None else found.bound + form.offset())
        if found.point is not None:
            value = form.program.value(found.point) + form.offset()
            plans.append((value, form.plan(found.point)))
    known = [bound for bound in bounds if bound is not None]
    bound = min(known) if known and len(known) == len(bounds) else None
    best = min(plans, key=lambda pair: pair[0], default=None)
    plan = None if best is None else best[1]
    if not bounds:
        return Claim(name, Reason.INFEASIBLE)
    if best is not None and best[0] == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    if watch.cancelled():
        return Claim(name, Reason.CANCELLED, plan, bound)
    if interrupted:
        return Claim(name, Reason.TIME_LIMIT, plan, bound)
    detail = "the numbers are too large for its floating point"
    return Claim(name, Reason.UNSUPPORTED, plan, bound, detail=detail)
