"""From the answers of an integer-program solver, policy by policy, to one claim."""

from collections.abc import Callable, Sequence

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Reason
from solvers.integer_program import Answer
from solvers.tables.split_computing_build import build
from solvers.tables.split_computing_program import Formulation


def least_over_policies(
    name: str,
    problem: SplitComputingProblem,
    answer: Callable[[Formulation], Answer],
) -> Claim[SplitComputingPlan]:
    """The least of the policies' optima; a bound only where every policy has one."""
    plans: list[tuple[int, SplitComputingPlan]] = []
    bounds: list[int | None] = []
    answers: list[Answer] = []
    for tables in build(problem):
        form = Formulation(tables)
        found = answer(form)
        if found.infeasible:
            continue
        answers.append(found)
        bounds.append(None if found.bound is None else found.bound + form.offset())
        if found.point is not None:
            value = form.program.objective(found.point) + form.offset()
            plans.append((value, form.plan(found.point)))
    known = [bound for bound in bounds if bound is not None]
    bound = min(known) if known and len(known) == len(bounds) else None
    best = min(plans, key=lambda pair: pair[0], default=None)
    plan = None if best is None else best[1]
    if not bounds:
        return Claim(name, Reason.INFEASIBLE)
    if best is not None and best[0] == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    reason, detail = _why(answers)
    if reason is Reason.UNSUPPORTED:
        return Claim(name, reason, detail=detail)
    return Claim(name, reason, plan, bound, detail)


def _why(answers: Sequence[Answer]) -> tuple[Reason, str]:
    """The first reason why nothing is proved: one that cut a search short, or else a gap."""
    ended = (Reason.COMPLETED, Reason.HEURISTIC)
    short = [a for a in answers if a.reason not in ended]
    gaps = [a for a in answers if a.reason is Reason.HEURISTIC]
    first = next(iter([*short, *gaps]), None)
    return (Reason.FAILED, "no gap, no proof") if first is None else (first.reason, first.detail)
