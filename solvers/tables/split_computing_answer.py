"""From answers policy by policy to one claim."""

from collections.abc import Callable
from dataclasses import dataclass

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
from solvers.tables.split_computing import Tables
from solvers.tables.split_computing_build import build


@dataclass(frozen=True)
class Answered:
    """What is known under one policy: the best value and plan, a bound, that there is no plan.

    detail: why the method could not settle it, where it was not for want of time.
    """

    best: tuple[int, SplitComputingPlan] | None = None
    bound: int | None = None
    infeasible: bool = False
    detail: str = ""


def least_over_policies(
    name: str,
    problem: SplitComputingProblem,
    watch: Stopwatch,
    answer: Callable[[Tables], Answered],
) -> Claim[SplitComputingPlan]:
    """The least of the policies' optima; a bound only where every policy has one."""
    answers = [found for tables in build(problem) if not (found := answer(tables)).infeasible]
    if not answers:
        return Claim(name, Reason.INFEASIBLE)
    best = min((a.best for a in answers if a.best), key=lambda pair: pair[0], default=None)
    bounds = [a.bound for a in answers]
    known = [bound for bound in bounds if bound is not None]
    bound = min(known) if len(known) == len(bounds) else None
    plan = None if best is None else best[1]
    if best is not None and best[0] == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    if watch.cancelled():
        return Claim(name, Reason.CANCELLED, plan, bound)
    if watch.expired():
        return Claim(name, Reason.TIME_LIMIT, plan, bound)
    detail = next((a.detail for a in answers if a.detail), "ended with a gap")
    if plan is None and bound is None:
        return Claim(name, Reason.UNSUPPORTED, detail=detail)
    return Claim(name, Reason.HEURISTIC, plan, bound, detail=detail)
