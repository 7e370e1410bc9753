"""A task run here, in a child of its own: a task in, a record out.

Whatever else runs tasks (a server, a cluster) is another function of this shape.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from models.problems import AnyPlan
from models.result import Certificate, Claim, Limits, Reason
from planner import service
from planner.benchmark.cases import Case, digest_of, problem_of
from planner.benchmark.measure import Measured, NotStartedError, measure
from planner.benchmark.record import Record, Step
from planner.benchmark.suites import STRATEGY, Task
from planner.certify import unit_of
from planner.race import Event
from planner.standing import Outcome
from planner.verify import verify

# A machine that is overloaded for a moment is asked again.
_ATTEMPTS = 5
# None when it was cancelled: what was cut short by a person says nothing about a method.
Runner = Callable[[Task, Limits, threading.Event], Record | None]


def run(task: Task, limits: Limits, cancel: threading.Event) -> Record | None:
    """The record of a task, measured in a child process.

    Raises NotStartedError when the machine gives no process, however often it is asked.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            found = _measured(task, limits, cancel)
        except NotStartedError:
            if not left:
                raise
        else:
            break
    return None if cancel.is_set() else record(task, found)


def _measured(task: Task, limits: Limits, cancel: threading.Event) -> Measured:
    if task.method is STRATEGY:
        return _planned(task, limits, cancel)
    return measure(problem_of(task.case), task.method, limits, cancel=cancel)


def record(task: Task, found: Measured) -> Record:
    """A measured run as a row."""
    outcome, spent, case = found.outcome, found.spent, task.case
    verdict = None
    if outcome.verification is not None:
        verdict = "accepted" if outcome.verification.accepted else "refused"
    return Record(
        **_identity(case),
        method=task.method.name,
        exact=task.method.traits.exact,
        method_family=task.method.traits.family,
        deterministic=task.method.traits.deterministic,
        measured=True,
        repetition=task.repetition,
        reason=outcome.claim.reason.value,
        verdict=verdict,
        proved=found.proved and task.method.traits.exact,
        objective=outcome.objective,
        lower_bound=outcome.lower_bound,
        wall_ns=outcome.wall_ns,
        cpu_ns=None if spent is None else spent.cpu_ns,
        peak_bytes=None if spent is None else spent.peak_bytes,
        reference_ns=None if spent is None else spent.reference_ns,
        detail=outcome.claim.detail,
        trace=found.trace,
    )


def published(case: Case) -> list[Record]:
    """The figures of others for a case, as rows beside ours."""
    return [
        Record(
            **_identity(case),
            method=peer.name,
            exact=peer.optimal,
            method_family="published",
            deterministic=True,
            measured=False,
            repetition=0,
            reason="published",
            verdict=None,
            proved=peer.optimal,
            objective=peer.objective,
            lower_bound=peer.objective if peer.optimal else None,
            wall_ns=peer.wall_ns,
            cpu_ns=None,
            peak_bytes=None,
            reference_ns=None,
        )
        for peer in case.peers
    ]


def _identity(case: Case) -> dict[str, Any]:
    """The columns that say which problem a row is about."""
    return {
        "kind": case.kind,
        "source": case.source.value,
        "family": case.family,
        "instance": case.instance,
        "size": case.size,
        "size_unit": case.unit,
        "seed": case.seed,
        "digest": digest_of(case),
        "unit": unit_of(problem_of(case)),
        "optimum": case.optimum,
    }


def _planned(task: Task, limits: Limits, cancel: threading.Event) -> Measured:
    """The default strategy, as a user gets it; its children are its own, and so is their time."""
    steps: list[Step] = []

    def listen(event: Event) -> None:
        steps.append((event.at_ns, event.objective, event.lower_bound))

    begun = time.monotonic_ns()
    certificate = service.plan(problem_of(task.case), limits, listen=listen, cancel=cancel)
    wall_ns = time.monotonic_ns() - begun
    return Measured(_outcome(task, certificate, steps, wall_ns), None, tuple(steps))


def _outcome(task: Task, certificate: Certificate, steps: list[Step], wall_ns: int) -> Outcome:
    """A certificate as an outcome; its time ends when the proof stood, not with second opinions."""
    proof = certificate.proof is not None
    infeasible = proof and certificate.objective is None
    reason = Reason.INFEASIBLE if infeasible else Reason.COMPLETED if proof else Reason.TIME_LIMIT
    proved_at = next((at for at, plan, bound in steps if plan is not None and plan == bound), None)
    claim: Claim[AnyPlan] = Claim(
        task.method.name,
        reason,
        certificate.plan,
        certificate.lower_bound,
        f"plan from {certificate.plan_from}, bound from {certificate.bound_from}",
    )
    plan = certificate.plan
    verdict = None if plan is None else verify(problem_of(task.case), plan)
    traits = task.method.traits
    return Outcome(claim, verdict, traits.exact, traits.family, proved_at or wall_ns)
