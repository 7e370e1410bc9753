"""One method on one problem, alone in a child process: its claim, its time, its peak of memory."""

import resource
import time
from collections.abc import Iterable
from dataclasses import dataclass

from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Claim, Limits, Reason
from planner.certify import certify
from planner.standing import Outcome
from planner.verify import verify
from planner.worker import ChildLostError, call
from solvers.registry import Entry

# A method that ignores its time limit is ended this much later; it then has no figures.
_GRACE_NS = 10 * 10**9


@dataclass(frozen=True)
class Measured:
    """An outcome, and the largest resident set of the process that ran it, None if it was lost."""

    outcome: Outcome
    peak_bytes: int | None

    @property
    def proved(self) -> bool:
        """Whether an exact method came to the end of its search."""
        return self.outcome.claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)


def measure(
    problem: AnyProblem, method: Entry, limits: Limits, hint: AnyPlan | None = None
) -> Measured:
    """A solve in a child of its own; importing the method is not part of its time."""
    begun = time.monotonic_ns()
    patience = limits.model_copy(update={"time_limit_ns": limits.time_limit_ns + _GRACE_NS})
    peak: int | None
    try:
        claim, wall_ns, peak = call(_solve, problem, method, limits, hint, limits=patience)
    except ChildLostError as error:
        claim = Claim(method.name, Reason.FAILED, detail=str(error))
        wall_ns, peak = time.monotonic_ns() - begun, None
    verification = None if claim.plan is None else verify(problem, claim.plan)
    traits = method.traits
    return Measured(Outcome(claim, verification, traits.exact, traits.family, wall_ns), peak)


class ContradictionError(Exception):
    """Claims that a verified plan refutes: a benchmark of methods that err measures nothing."""


def judged(problem: AnyProblem, runs: Iterable[Measured]) -> Certificate:
    """What runs prove together. Raises ContradictionError when they cannot all be right."""
    certificate = certify(problem, [run.outcome for run in runs])
    if certificate.contradictions:
        raise ContradictionError("; ".join(certificate.contradictions))
    return certificate


def _solve(
    problem: AnyProblem, method: Entry, limits: Limits, hint: AnyPlan | None
) -> tuple[Claim[AnyPlan], int, int]:
    """(claim, wall ns, peak bytes); runs in the child."""
    solver = method.load()
    begun = time.monotonic_ns()
    claim = solver.solve(problem, limits, hint)
    wall_ns = time.monotonic_ns() - begun
    # Linux counts in KiB.
    return claim, wall_ns, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
