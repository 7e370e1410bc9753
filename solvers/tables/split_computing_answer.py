"""From answers policy by policy to one claim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Reason
from solvers.tables.split_computing import Tables
from solvers.tables.split_computing_build import build


@dataclass(frozen=True)
class Answered:
    """What is known under one policy: why the search ended, the best value and plan, a bound."""

    reason: Reason
    best: tuple[int, SplitComputingPlan] | None = None
    bound: int | None = None
    detail: str = ""


def least_over_policies(
    name: str, problem: SplitComputingProblem, answer: Callable[[Tables], Answered]
) -> Claim[SplitComputingPlan]:
    """The least of the policies' optima; a bound only where every policy has one."""
    answers = [answer(tables) for tables in build(problem)]
    answers = [found for found in answers if found.reason is not Reason.INFEASIBLE]
    if not answers:
        return Claim(name, Reason.INFEASIBLE)
    best = min((a.best for a in answers if a.best), key=lambda pair: pair[0], default=None)
    known = [a.bound for a in answers if a.bound is not None]
    bound = min(known) if len(known) == len(answers) else None
    plan = None if best is None else best[1]
    if best is not None and best[0] == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    reason, detail = _why(answers)
    if reason is Reason.UNSUPPORTED:
        return Claim(name, reason, detail=detail)
    return Claim(name, reason, plan, bound, detail)


def _why(answers: Sequence[Answered]) -> tuple[Reason, str]:
    """The first reason why nothing is proved: one that cut a search short, or else a gap."""
    ended = (Reason.COMPLETED, Reason.HEURISTIC)
    short = [a for a in answers if a.reason not in ended]
    gaps = [a for a in answers if a.reason is Reason.HEURISTIC]
    first = next(iter([*short, *gaps]), None)
    return (Reason.FAILED, "no gap, no proof") if first is None else (first.reason, first.detail)
