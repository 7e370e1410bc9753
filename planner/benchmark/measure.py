"""One method on one problem, alone in a child process: its claim, its times, its peak of memory."""

import resource
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import log10

from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Claim, Limits, Reason
from planner.benchmark.record import Step
from planner.certify import certify
from planner.standing import Outcome
from planner.verify import verify
from planner.worker import ChildLostError, call
from solvers.base import Progress
from solvers.registry import Entry

# A method that ignores its time limit is ended this much later; it then has no figures.
_GRACE_NS = 10 * 10**9
# Of what is reported within a twentieth of a decade only the last is kept: verifying it all could
# take longer than the solve.
_PER_DECADE = 20
_REFERENCE_ROUNDS = 40_000


@dataclass(frozen=True)
class Spent:
    """What a run took: wall and processor time, the largest resident set of its process.

    reference_ns: the processor time of a fixed piece of work in the same process, which says how
    fast the machine was just then.
    """

    wall_ns: int
    cpu_ns: int
    peak_bytes: int
    reference_ns: int


@dataclass(frozen=True)
class Measured:
    """An outcome, what it took (None where the process was lost), and what it had when."""

    outcome: Outcome
    spent: Spent | None = None
    trace: tuple[Step, ...] = ()

    @property
    def peak_bytes(self) -> int | None:
        """The largest resident set, None where the process was lost."""
        return None if self.spent is None else self.spent.peak_bytes

    @property
    def proved(self) -> bool:
        """Whether an exact method came to the end of its search."""
        return self.outcome.claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)


def measure(
    problem: AnyProblem,
    method: Entry,
    limits: Limits,
    hint: AnyPlan | None = None,
    cancel: threading.Event | None = None,
) -> Measured:
    """A solve in a child of its own; importing the method is not part of its time.

    Raises NotStartedError when the machine gives no process: that says nothing about the method.
    """
    begun = time.monotonic_ns()
    patience = limits.model_copy(update={"time_limit_ns": limits.time_limit_ns + _GRACE_NS})
    spent: Spent | None
    try:
        claim, spent, trace = call(
            _solve, problem, method, limits, hint, limits=patience, cancel=cancel
        )
    except ChildLostError as error:
        if isinstance(error.__cause__, OSError | EOFError):
            raise NotStartedError(str(error)) from error
        claim, spent, trace = Claim(method.name, Reason.FAILED, detail=str(error)), None, ()
    wall_ns = time.monotonic_ns() - begun if spent is None else spent.wall_ns
    verification = None if claim.plan is None else verify(problem, claim.plan)
    traits = method.traits
    return Measured(
        Outcome(claim, verification, traits.exact, traits.family, wall_ns), spent, trace
    )


class NotStartedError(Exception):
    """The machine is too busy, or has no room, to start a process."""


class ContradictionError(Exception):
    """Claims that a verified plan refutes: a benchmark of methods that err measures nothing."""


def judged(problem: AnyProblem, runs: Iterable[Measured]) -> Certificate:
    """What runs prove together. Raises ContradictionError when they cannot all be right."""
    certificate = certify(problem, [run.outcome for run in runs])
    if certificate.contradictions:
        raise ContradictionError("; ".join(certificate.contradictions))
    return certificate


class _Ear(Progress[AnyPlan]):
    """Notes what a method reports, and when; verified once the method has ended."""

    def __init__(self) -> None:
        self._begun = time.monotonic_ns()
        self._heard: dict[tuple[str, int], tuple[int, AnyPlan | int]] = {}

    def plan(self, plan: AnyPlan) -> None:
        """A plan, by its method its best so far."""
        self._note("plan", plan)

    def bound(self, lower_bound: int) -> None:
        """A bound."""
        self._note("bound", lower_bound)

    def _note(self, what: str, value: AnyPlan | int) -> None:
        at = time.monotonic_ns() - self._begun
        self._heard[what, int(log10(max(at, 1)) * _PER_DECADE)] = (at, value)

    def trace(self, problem: AnyProblem, claim: Claim[AnyPlan], wall_ns: int) -> tuple[Step, ...]:
        """The best verified objective and bound whenever one of them got better."""
        ends = [(wall_ns, what) for what in (claim.plan, claim.lower_bound) if what is not None]
        steps: list[Step] = []
        best: int | None = None
        bound: int | None = None
        for at, value in sorted([*self._heard.values(), *ends], key=lambda pair: pair[0]):
            before = best, bound
            if isinstance(value, int):
                bound = value if bound is None else max(value, bound)
            else:
                reached = verify(problem, value).objective
                best = min((v for v in (reached, best) if v is not None), default=None)
            if (best, bound) != before:
                steps.append((at, best, bound))
        return tuple(steps)


def _solve(
    problem: AnyProblem, method: Entry, limits: Limits, hint: AnyPlan | None
) -> tuple[Claim[AnyPlan], Spent, tuple[Step, ...]]:
    """The claim, what it took, and its trace; runs in the child."""
    solver = method.load()
    reference_ns = min(_reference_ns() for _ in range(3))
    ear = _Ear()
    begun, spent = time.monotonic_ns(), _cpu_ns()
    claim = solver.solve(problem, limits, hint, ear)
    wall_ns, cpu_ns = time.monotonic_ns() - begun, _cpu_ns() - spent
    # Linux counts in KiB.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    took = Spent(wall_ns, cpu_ns, peak, reference_ns)
    return claim, took, ear.trace(problem, claim, wall_ns)


def _cpu_ns() -> int:
    """Processor time of this process, all its threads, and of children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + round((children.ru_utime + children.ru_stime) * 10**9)


def _reference_ns() -> int:
    """Processor time of a fixed piece of work: some milliseconds."""
    begun = time.process_time_ns()
    total = 0
    for number in range(_REFERENCE_ROUNDS):
        total += number * number % 7
    return time.process_time_ns() - begun
