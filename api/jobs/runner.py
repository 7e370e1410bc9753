"""One leased job from its request to its end, whatever happens in between."""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from api.answers import has_failed, plan, plan_another_way
from api.errors import details
from api.jobs import leases
from api.jobs.nouns import JobState, Operation
from api.jobs.reporter import Reporter, as_text, number, tighter
from api.jobs.store import Enqueue, Store
from api.jobs.work import WORKS, lasting
from api.outage import is_away
from api.requests import PlanRequest
from models.base import Document
from models.documents import validate
from models.errors import DocumentError
from models.problems import KINDS
from models.result import Certificate, Reason
from planner.record import HINT
from planner.worker import ChildLostError

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
    if row["cancel_requested"]:
        cancel.set()
    reporter = Reporter(store, row, cancel)
    state, values, final = _outcome(row, reporter, cancel)
    if drain.is_set() and not final and not row["cancel_requested"]:
        reporter.flush()
        _insist(row, drain, lambda: leases.put_back(store, row, enqueue))
    else:
        told = reporter.rest()
        _insist(row, drain, lambda: leases.finish(store, row, state, values, told))


def _outcome(
    row: RowMapping, reporter: Reporter, cancel: threading.Event
) -> tuple[JobState, dict[str, Any], bool]:
    """The state in which a job ends, what goes into its row, and whether a retry gives no more."""
    if row["attempt"] > MAX_ATTEMPTS:
        words = f"given up: its process ended {MAX_ATTEMPTS} times"
        return JobState.FAILED, _refusal("internal", words), True
    try:
        answer = _answer(row, reporter, cancel)
    except DocumentError as error:
        text = details("invalid-document", 422, str(error), error.faults).model_dump_json()
        found = JobState.FAILED, {"failure": text}, True
    except ChildLostError as error:
        state = JobState.CANCELLED if cancel.is_set() else JobState.FAILED
        words = f"no answer within the limits: {error}"
        found = state, _refusal("solve-failed", words), False
    except Exception as error:  # noqa: BLE001  # the job must end; the log has the traceback
        _log.exception("job %s failed", row["id"])
        words = f"an unexpected {type(error).__name__}; it is logged"
        found = JobState.FAILED, _refusal("internal", words), True
    else:
        return *_end(answer, row, cancel), lasting(answer)
    reporter.flush()
    return found


def _answer(row: RowMapping, reporter: Reporter, cancel: threading.Event) -> Document:
    """The answer of the job's operation; what it found on the way is reported."""
    work = WORKS[Operation(row["operation"])]
    request = _from_where_it_stood(validate(json.loads(row["request"]), work.request), row)
    answer = work.run(request, reporter.report, cancel)
    if isinstance(answer, Certificate) and has_failed(answer) and not cancel.is_set():
        answer = plan_another_way(request, answer, listen=reporter.report, cancel=cancel)
    return answer


def kept(row: RowMapping) -> Document:
    """The certificate of the last verified plan of a job that ended otherwise than by an answer."""
    stopped = threading.Event()
    stopped.set()
    request = validate(json.loads(row["request"]), WORKS[Operation(row["operation"])].request)
    return plan(_from_where_it_stood(request, row), cancel=stopped)


def _refusal(name: str, detail: str) -> dict[str, Any]:
    return {"failure": details(name, 500, detail).model_dump_json()}


def _insist(row: RowMapping, drain: threading.Event, write: Callable[[], bool]) -> None:
    """Write once the database lets us: an answer is not lost because it was away for a while."""
    deadline = time.monotonic() + _WRITE_FOR_S
    while True:
        try:
            write()
        except SQLAlchemyError as error:
            if not is_away(error) or drain.is_set() or time.monotonic() >= deadline:
                raise  # the lease runs out, and whoever sweeps queues the job again
            _log.warning("the end of job %s waits for the database: %s", row["id"], error)
            time.sleep(_WRITE_AGAIN_S)
        else:
            return


def _from_where_it_stood(request: Any, row: RowMapping) -> Any:
    """A request whose start is the last verified plan of an earlier attempt."""
    plan = leases.plan_of(row)
    if plan is None or not isinstance(request, PlanRequest):
        return request
    return request.model_copy(update={"hint": validate(plan, KINDS[row["kind"]][1])})


def _end(
    answer: Document, row: RowMapping, cancel: threading.Event
) -> tuple[JobState, dict[str, Any]]:
    """The state of a job with that answer, and what goes into its row."""
    state = JobState.CANCELLED if cancel.is_set() else JobState.DONE
    failure = None
    if state is JobState.DONE and isinstance(answer, Certificate) and has_failed(answer):
        state, failure = JobState.FAILED, _why(answer)
    return state, {
        "result": answer.model_dump_json(),
        "failure": failure,
        "cacheable": state is JobState.DONE and lasting(answer),
        **_figures(answer, row),
    }


def _why(answer: Certificate) -> str:
    """The problem document of a job whose every method failed."""
    reasons = {run.reason for run in answer.runs if run.solver != HINT}
    name = "memory-limit" if reasons == {Reason.MEMORY_LIMIT} else "solve-failed"
    words = "; ".join(f"{run.solver}: {run.detail or run.reason}" for run in answer.runs)
    return details(name, 500, words).model_dump_json()


def _figures(answer: Document, row: RowMapping) -> Mapping[str, Any]:
    if not isinstance(answer, Certificate):
        return {}
    bound = tighter(number(row["lower_bound"]), answer.lower_bound, answer.objective)
    return {
        "objective": as_text(answer.objective),
        "lower_bound": as_text(bound),
        "plan": None if answer.plan is None else answer.plan.model_dump_json(),
        "plan_from": answer.plan_from,
    }
