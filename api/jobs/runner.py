"""One leased job from its request to its end, whatever happens in between."""

import json
import logging
import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import RowMapping

from api.answers import has_failed, plan_another_way
from api.errors import details
from api.jobs import leases
from api.jobs.nouns import JobState, Operation
from api.jobs.store import Enqueue, Store
from api.jobs.work import WORKS, lasting
from api.requests import PlanRequest
from models.base import Document
from models.documents import validate
from models.errors import DocumentError, FieldError
from models.problems import KINDS
from models.result import Certificate, Reason
from planner.race import Event
from planner.record import HINT

_log = logging.getLogger(__name__)
# A job that takes its server down with it each time must not do so for ever.
MAX_ATTEMPTS = 3


def run(
    store: Store,
    row: RowMapping,
    cancel: threading.Event,
    drain: threading.Event,
    enqueue: Enqueue,
) -> None:
    """Answer a leased job; its end is written here, unless the lease was lost on the way.

    cancel: set to stop it and keep what it has; drain: set when the process ends, so that what is
    not answered for good is put back into the queue instead.
    """
    if row["attempt"] > MAX_ATTEMPTS:
        _fail(store, row, "internal", f"given up: its process ended {MAX_ATTEMPTS} times")
        return
    if row["cancel_requested"]:
        cancel.set()
    work = WORKS[Operation(row["operation"])]
    try:
        request = _from_where_it_stood(validate(json.loads(row["request"]), work.request), row)
        listen = partial(_report, store, row, cancel)
        answer = work.run(request, listen, cancel)
        if isinstance(answer, Certificate) and has_failed(answer) and not cancel.is_set():
            answer = plan_another_way(request, answer, listen=listen, cancel=cancel)
    except DocumentError as error:
        _fail(store, row, "invalid-document", str(error), error.faults)
    except Exception as error:  # noqa: BLE001  # the job must end; the log has the traceback
        _log.exception("job %s failed", row["id"])
        _fail(store, row, "internal", f"an unexpected {type(error).__name__}; it has been logged")
    else:
        if drain.is_set() and not lasting(answer) and not row["cancel_requested"]:
            leases.put_back(store, row, enqueue)
        else:
            _conclude(store, row, answer, cancel)


def _fail(
    store: Store, row: RowMapping, name: str, detail: str, faults: tuple[FieldError, ...] = ()
) -> None:
    status = 422 if faults else 500
    text = details(name, status, detail, faults).model_dump_json()
    leases.finish(store, row, JobState.FAILED, {"failure": text})


def _from_where_it_stood(request: Any, row: RowMapping) -> Any:
    """A request whose start is the last verified plan of an earlier attempt."""
    plan = leases.plan_of(row)
    if plan is None or not isinstance(request, PlanRequest):
        return request
    return request.model_copy(update={"hint": validate(plan, KINDS[row["kind"]][1])})


def _report(store: Store, row: RowMapping, cancel: threading.Event, event: Event) -> None:
    figures = {"objective": event.objective, "lower_bound": event.lower_bound}
    told = {"what": event.what.value, "solver": event.solver, **figures}
    found: dict[str, Any] = {name: _text(value) for name, value in figures.items()}
    if event.plan is not None:
        found |= {"plan": event.plan.model_dump_json(), "plan_from": event.solver}
    if not leases.report(store, row, told, found):
        cancel.set()  # another worker has the job: what is found here would not be written


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _conclude(store: Store, row: RowMapping, answer: Document, cancel: threading.Event) -> None:
    state = JobState.CANCELLED if cancel.is_set() else JobState.DONE
    failure = None
    if state is JobState.DONE and isinstance(answer, Certificate) and has_failed(answer):
        state, failure = JobState.FAILED, _why(answer)
    values: dict[str, Any] = {
        "result": answer.model_dump_json(),
        "failure": failure,
        "cacheable": state is JobState.DONE and lasting(answer),
        **_figures(answer),
    }
    leases.finish(store, row, state, values)


def _why(answer: Certificate) -> str:
    """The problem document of a job whose every method failed."""
    reasons = {run.reason for run in answer.runs if run.solver != HINT}
    name = "memory-limit" if reasons == {Reason.MEMORY_LIMIT} else "solve-failed"
    words = "; ".join(f"{run.solver}: {run.detail or run.reason}" for run in answer.runs)
    return details(name, 500, words).model_dump_json()


def _figures(answer: Document) -> Mapping[str, Any]:
    if not isinstance(answer, Certificate):
        return {}
    return {
        "objective": _text(answer.objective),
        "lower_bound": _text(answer.lower_bound),
        "plan": None if answer.plan is None else answer.plan.model_dump_json(),
        "plan_from": answer.plan_from,
    }
