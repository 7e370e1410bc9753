"""What-if questions to a kind's exact methods within one time limit, and what their answers prove.

A question that could not be settled raises TimeUpError: "not established" cannot pass for "no".
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from models.problems import AnyProblem
from models.result import Claim, Limits, Reason
from planner.verify import verify
from solvers.registry import entries


class TimeUpError(Exception):
    """The time ended before a question was settled."""


@dataclass(frozen=True)
class Optimum:
    """No plan costs less than `low`, and one costs `high`; None where that is not established.

    infeasible: proved that there is no plan at all; unsupported: why no exact method takes the
    problem, however long it had; empty where one does.
    """

    low: int | None = None
    high: int | None = None
    infeasible: bool = False
    unsupported: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing is left to be known."""
        return self.infeasible or (self.low is not None and self.low == self.high)


@dataclass(frozen=True)
class Least:
    """An amount with which a plan exists; `proved` where none exists with less."""

    amount: int
    proved: bool


class Clock:
    """Asks until the time is up; a tenth of it is kept for handing the answer over."""

    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def left_ns(self) -> int:
        """The time left, more than 0. Raises TimeUpError."""
        left = self._end - time.monotonic_ns()
        if left <= 0:
            raise TimeUpError
        return left

    def plan(self, problem: AnyProblem) -> Any:
        """A verified plan, None where it is proved that there is none. Raises TimeUpError."""
        for claim in self._claims(problem, 1):
            if claim.plan is not None and verify(problem, claim.plan).accepted:
                return claim.plan
            if claim.reason is Reason.INFEASIBLE:
                return None
        raise TimeUpError

    def feasible(self, problem: AnyProblem) -> bool:
        """Whether any plan exists. Raises TimeUpError."""
        return self.plan(problem) is not None

    def optimum(self, problem: AnyProblem, questions: int = 1) -> Optimum:
        """What is proved about the optimum of a problem.

        questions: how many there are still to ask; this one gets its share of the time left.
        """
        known = Optimum()
        refusals: list[str] = []
        asked = 0
        for claim in self._claims(problem, questions):
            asked += 1
            if claim.reason is Reason.UNSUPPORTED:
                refusals.append(claim.detail)
                continue
            found = None if claim.plan is None else verify(problem, claim.plan).objective
            lows = [bound for bound in (known.low, claim.lower_bound) if bound is not None]
            highs = [cost for cost in (known.high, found) if cost is not None]
            none = claim.reason is Reason.INFEASIBLE
            known = Optimum(max(lows, default=None), min(highs, default=None), infeasible=none)
            if known.settled:
                break
        return replace(known, unsupported=refusals[0]) if len(refusals) == asked > 0 else known

    def _claims(self, problem: AnyProblem, questions: int) -> Iterator[Claim[Any]]:
        """Claims of the exact methods in order of preference, until this question's time is up."""
        now = time.monotonic_ns()
        end = now + (self._end - now) // questions
        for entry in entries(problem.kind):
            left = end - time.monotonic_ns()
            if left <= 0:
                return
            if entry.traits.exact:
                yield entry.load().solve(problem, Limits(time_limit_ns=left))


def least(low: int, high: int, need: Callable[[int], int | None]) -> Least:
    """The least amount that suffices, above `low`, which does not, up to `high`, which does.

    need: the amount that a plan found within its argument uses, at most that argument; None where
    it is proved that there is no such plan; may raise TimeUpError. A plan that uses less than it
    may is followed by a look just below it, since amounts are often few and far between.
    """
    at_once_below = False
    while high - low > 1:
        probe = high - 1 if at_once_below else (low + high) // 2
        try:
            used = need(probe)
        except TimeUpError:
            return Least(high, proved=False)
        if used is None:
            low, at_once_below = probe, False
        else:
            high, at_once_below = used, used < probe and not at_once_below
    return Least(high, proved=True)
