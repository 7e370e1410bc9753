"""Methods that break their word, each in one way; they plan `tests.small.two_devices`."""

import os
import signal
import time

from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress
from solvers.registry import Entry, Traits
from tests.small import split

_Report = Progress[PipelinePartitionPlan] | None
_Claim = Claim[PipelinePartitionPlan]


def entry(name: str) -> Entry:
    """The registry line of a method of this module, traits as an honest exact method has them."""
    traits = Traits(exact=True, bounds=True, deterministic=True, family=name)
    return Entry(name, f"{__name__}:{name}", traits, "misbehaves")


class Method:
    """Reports a fair plan, then does what `act` does."""

    name = "Method"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: _Report = None,
    ) -> _Claim:
        """A claim, unless `act` prevents it."""
        del problem, limits, hint  # a method that behaves would look at them
        if report is not None:
            report.plan(split(2))
        return self.act()

    def act(self) -> _Claim:
        """Claim to have searched everything, with a plan that is not the best."""
        return Claim(type(self).__name__, Reason.HEURISTIC, split(2))


class Stubborn(Method):
    """Ignores its time limit and the word to cancel."""

    def act(self) -> _Claim:
        while True:
            time.sleep(0.05)


class Busy(Method):
    """Ignores everything and holds the interpreter while at it."""

    def act(self) -> _Claim:
        while True:
            pass


class Killed(Method):
    """Is killed from outside."""

    def act(self) -> _Claim:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        raise AssertionError("survived SIGKILL")


class Aborts(Method):
    """Aborts like a native library that ran out of memory."""

    def act(self) -> _Claim:
        os.write(2, b"terminate called after throwing 'std::bad_alloc'\n")
        os.abort()


class Greedy(Method):
    """Takes more memory than it may."""

    def act(self) -> _Claim:
        hoard = [bytearray(64 * 2**20) for _ in range(1000)]
        raise AssertionError(f"got {len(hoard)} blocks")


class Raises(Method):
    """Has a bug."""

    def act(self) -> _Claim:
        raise ZeroDivisionError("a bug")


class Overfull(Method):
    """Claims a plan that breaks a rule as proved."""

    def act(self) -> _Claim:
        return Claim("Overfull", Reason.COMPLETED, split(4), 415)


class Liar(Method):
    """Claims a lower bound above a plan that exists."""

    def act(self) -> _Claim:
        return Claim("Liar", Reason.COMPLETED, split(2), 10**6)


class Denier(Method):
    """Claims that no plan exists."""

    def act(self) -> _Claim:
        return Claim("Denier", Reason.INFEASIBLE)
