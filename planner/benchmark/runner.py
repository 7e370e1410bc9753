"""A task run here, in a child of its own: a task in, a record out.

Whatever else runs tasks (a server, a cluster) is another function of this shape.
"""

import threading
from collections.abc import Callable
from typing import Any

from models.result import Certificate, Limits
from planner import service
from planner.benchmark.cases import Case, digest_of, problem_of
from planner.benchmark.measure import Measured, NotStartedError, measure
from planner.benchmark.planned import planned
from planner.benchmark.record import Record
from planner.benchmark.suites import STRATEGY, Task
from planner.certify import unit_of
from planner.race import Listener

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
        return planned(task, limits, cancel, _plan)
    return measure(problem_of(task.case), task.method, limits, cancel=cancel)


def _plan(task: Task, limits: Limits, listen: Listener, cancel: threading.Event) -> Certificate:
    """The default strategy, as a user gets it."""
    return service.plan(problem_of(task.case), limits, listen=listen, cancel=cancel)


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
