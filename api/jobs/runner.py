"""One leased job from its request to its end, whatever happens in between."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.exc import OperationalError

from api.errors import details
from api.jobs import leases
from api.jobs.nouns import JobState, Operation
from api.jobs.store import Enqueue, Store
from api.jobs.work import WORKS, lasting
from api.requests import PlanRequest
from models.base import Document
from models.documents import validate
from models.errors import DocumentError
from models.problems import KINDS
from models.result import Certificate
from planner.race import Event

_log = logging.getLogger(__name__)
# A job that takes its server down with it each time must not do so for ever. Solves run in
# children, so that it is nearly always something else that killed the server.
MAX_ATTEMPTS = 20
# An end is written again and again while the database is away, s. The lease may run out in the
# meantime: then another has the job, and the fence keeps this end out.
_WRITE_FOR_S = 600.0
_WRITE_AGAIN_S = 0.5


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
        _fail(store, row, drain, _refusal(f"given up: its process ended {MAX_ATTEMPTS} times"))
        return
    if row["cancel_requested"]:
        cancel.set()
    work = WORKS[Operation(row["operation"])]
    try:
        request = _from_where_it_stood(validate(json.loads(row["request"]), work.request), row)
        answer = work.run(request, _Reporter(store, row, cancel).report, cancel)
    except DocumentError as error:
        text = details("invalid-document", 422, str(error), error.faults).model_dump_json()
        _fail(store, row, drain, text)
    except Exception as error:  # noqa: BLE001  # the job must end; the log has the traceback
        _log.exception("job %s failed", row["id"])
        _fail(store, row, drain, _refusal(f"an unexpected {type(error).__name__}; it is logged"))
    else:
        if drain.is_set() and not lasting(answer) and not row["cancel_requested"]:
            _insist(row, drain, lambda: leases.put_back(store, row, enqueue))
        else:
            state, values = _end(answer, cancel)
            _insist(row, drain, lambda: leases.finish(store, row, state, values))


def _refusal(detail: str) -> str:
    return details("internal", 500, detail).model_dump_json()


def _fail(store: Store, row: RowMapping, drain: threading.Event, failure: str) -> None:
    values = {"failure": failure}
    _insist(row, drain, lambda: leases.finish(store, row, JobState.FAILED, values))


def _insist(row: RowMapping, drain: threading.Event, write: Callable[[], bool]) -> None:
    """Write once the database lets us: an answer is not lost because it was away for a while."""
    deadline = time.monotonic() + _WRITE_FOR_S
    while True:
        try:
            write()
        except OperationalError as error:
            if drain.is_set() or time.monotonic() >= deadline:
                raise  # the lease runs out, and another worker does it
            _log.warning("the end of job %s waits for the database: %s", row["id"], error.orig)
            time.sleep(_WRITE_AGAIN_S)
        else:
            return


def _from_where_it_stood(request: Document, row: RowMapping) -> Document:
    """A request whose start is the last verified plan of an earlier attempt."""
    plan = leases.plan_of(row)
    if plan is None or not isinstance(request, PlanRequest):
        return request
    return request.model_copy(update={"hint": validate(plan, KINDS[row["kind"]][1])})


class _Reporter:
    """Writes what a race tells into the job; what could not be written comes with the next."""

    def __init__(self, store: Store, row: RowMapping, cancel: threading.Event) -> None:
        self._store = store
        self._row = row
        self._cancel = cancel
        self._found: dict[str, Any] = {}

    def report(self, event: Event) -> None:
        """Record an event; end the race when the job is another worker's by now."""
        figures = {"objective": event.objective, "lower_bound": event.lower_bound}
        told = {"what": event.what.value, "solver": event.solver, **figures}
        self._found |= {name: _text(value) for name, value in figures.items()}
        if event.plan is not None:
            self._found |= {"plan": event.plan.model_dump_json(), "plan_from": event.solver}
        try:
            held = leases.report(self._store, self._row, told, self._found)
        except OperationalError as error:
            _log.warning("an event of job %s is lost: %s", self._row["id"], error.orig)
            return
        self._found = {}
        if not held:
            self._cancel.set()


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _end(answer: Document, cancel: threading.Event) -> tuple[JobState, dict[str, Any]]:
    """The state of a job with that answer, and what goes into its row."""
    state = JobState.CANCELLED if cancel.is_set() else JobState.DONE
    return state, {
        "result": answer.model_dump_json(),
        "cacheable": state is JobState.DONE and lasting(answer),
        **_figures(answer),
    }


def _figures(answer: Document) -> Mapping[str, Any]:
    if not isinstance(answer, Certificate):
        return {}
    return {
        "objective": _text(answer.objective),
        "lower_bound": _text(answer.lower_bound),
        "plan": None if answer.plan is None else answer.plan.model_dump_json(),
        "plan_from": answer.plan_from,
    }
