"""What a method is, what it promises, and how it talks while it runs."""

import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from models.result import Claim, Limits, Reason

P_contra = TypeVar("P_contra", contravariant=True)
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)

# Above any cost and below half of the int64 range: two of them still add up.
UNREACHABLE = 2**61


class Progress(Generic[S_contra]):
    """A solver's ear and mouth; this one is deaf and mute, the worker's streams to its parent."""

    def plan(self, plan: S_contra) -> None:
        """A better plan was found; whoever listens verifies it."""

    def bound(self, lower_bound: int) -> None:
        """No plan costs less than this."""

    def cancelled(self) -> bool:
        """Whether the solver was asked to stop."""
        return False


class Asking(Progress[object]):
    """Hears only whether to stop."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def cancelled(self) -> bool:
        """Whether `stopped` says so by now."""
        return self._stopped()


class Solver(Protocol[P_contra, S]):
    """A method for one problem kind; stateless, so one instance serves any number of solves."""

    name: str

    def solve(
        self,
        problem: P_contra,
        limits: Limits,
        hint: S | None = None,
        report: Progress[S] | None = None,
    ) -> Claim[S]:
        """A claim within the limits; never raises for a well-formed problem."""
        ...


@dataclass(frozen=True)
class Traits:
    """What the conformance suite holds a method to.

    exact: a completed run has proved its plan best, or that there is none; bounds: may claim
    lower bounds; deterministic: equal input and seed, equal claim; family: two exact methods of
    different families count as unrelated.
    """

    exact: bool
    bounds: bool
    deterministic: bool
    family: str


class Stopwatch:
    """Says when a solve has to end: its time is up or its caller gave up."""

    def __init__(self, limits: Limits, report: Progress[S] | None) -> None:
        self._deadline_ns = time.monotonic_ns() + limits.time_limit_ns
        self._report = report

    def share(self, time_ns: int) -> "Stopwatch":
        """One that expires after that long, or when this one does."""
        part = copy(self)
        part._deadline_ns = min(self._deadline_ns, time.monotonic_ns() + time_ns)
        return part

    def left_ns(self) -> int:
        """Nanoseconds until the time limit, at least 0."""
        return max(0, self._deadline_ns - time.monotonic_ns())

    def cancelled(self) -> bool:
        """Whether the caller asked to stop."""
        return self._report is not None and self._report.cancelled()

    def expired(self) -> bool:
        """Whether to stop now."""
        return self.left_ns() == 0 or self.cancelled()

    def why(self) -> Reason:
        """Why to stop now: the caller asked to, or the time is up."""
        return Reason.CANCELLED if self.cancelled() else Reason.TIME_LIMIT

    def reason(self, ended: Reason) -> Reason:
        """Why a method has stopped that is at its end now: `ended`, unless it was cut short."""
        return self.why() if self.expired() else ended
