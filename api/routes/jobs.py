"""/v1/jobs: what was asked, how far it is, what it gave; cancel, forget, revise."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from api.access import Reader, Submitter
from api.deps import granted, queue_of
from api.errors import ProblemError, responses
from api.jobs.door import ENDED, answer, cancel, next_look
from api.jobs.explain import explained, key_of
from api.jobs.find import row_of
from api.jobs.nouns import Job, JobPage, JobState, Operation
from api.jobs.rows import etag, noun
from api.jobs.views import reply
from api.jobs.wishes import Wishes
from api.outage import is_away
from api.requests import Explanation
from models.expert_cache import ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.result import Certificate
from models.rolling import Rolling

_log = logging.getLogger(__name__)

router = APIRouter()


@router.get("/v1/jobs", summary="Jobs", responses=responses(401, 403, 422))
async def jobs(
    http: Request,
    caller: Reader,
    *,
    state: Annotated[JobState | None, Query(description="only these")] = None,
    batch: Annotated[
        str | None, Query(pattern="^[0-9a-f]{1,40}$", description="only of this batch")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next` has it")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobPage:
    """The caller's jobs, the latest first."""
    store = queue_of(http).store

    def read() -> JobPage:
        rows = store.page(caller.sees, state=state, batch=batch, before=before, limit=limit)
        places = store.positions(rows)
        found = tuple(noun(row, places.get(row["id"])) for row in rows)
        full = len(rows) == limit
        address = http.url.include_query_params(before=rows[-1]["number"]) if full else None
        return JobPage(jobs=found, next=f"{address.path}?{address.query}" if address else None)

    return await to_thread.run_sync(read)


@router.get("/v1/jobs/{job}", summary="Job", response_model=Job, responses=responses(401, 403, 404))
async def job_(
    http: Request,
    job: str,
    caller: Reader,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A job; its ETag changes whenever it does, 304 while it has not."""
    row = await row_of(http, caller, job)
    position = await to_thread.run_sync(queue_of(http).store.position, row)
    headers = {"ETag": etag(row, position)}
    if if_none_match is not None and headers["ETag"] in if_none_match:
        return Response(None, 304, headers)
    return Response(noun(row, position).model_dump_json(), 200, headers, "application/json")


@router.get(
    "/v1/jobs/{job}/result",
    summary="Result",
    response_model=Certificate | Explanation | Frontier | ExpertSplit | ExpertCache | Rolling,
    responses={202: {"model": Job}, **responses(401, 403, 404, 409)},
)
async def result(http: Request, job: str, caller: Reader) -> Response:
    """The answer of a job: 200 when it is there, 202 with the job while it is not."""
    return await reply(http, await row_of(http, caller, job))


@router.get(
    "/v1/jobs/{job}/explanation",
    summary="Explanation",
    response_model=Explanation,
    responses={202: {"model": Job}, **responses(401, 403, 404, 409, 429, 500)},
)
async def explanation(http: Request, job: str, caller: Submitter) -> Response:
    """Why the plan of a job that has ended costs what it costs, or why it has none.

    Found by a job of its own, so the answer may be 202; asked again, the same job answers, unless
    it has failed.
    """
    row = await row_of(http, caller, job)
    if row["state"] not in ENDED:
        return await reply(http, row)
    asked = await to_thread.run_sync(explained, row)
    if isinstance(asked, Explanation):
        return Response(asked.model_dump_json(), 200, media_type="application/json")
    asked = asked.model_copy(update={"limits": granted(asked.limits, http)})
    store = queue_of(http).store
    key = await to_thread.run_sync(key_of, store, caller.name, row["id"], asked)
    return await answer(http, caller, Operation.EXPLANATION, asked, Wishes(idempotency_key=key))


async def _row(http: Request, job: str, caller: Reader) -> RowMapping:
    """Found before the stream begins: what is raised in the stream is no answer any more."""
    return await row_of(http, caller, job)


@router.get(
    "/v1/jobs/{job}/events",
    summary="Events",
    response_class=EventSourceResponse,
    responses=responses(401, 403, 404),
)
async def events(
    http: Request,
    row: Annotated[Any, Depends(_row)],
    last_event_id: Annotated[int, Header(ge=0, le=2**31 - 1)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Every step of the job from its beginning, or behind `Last-Event-ID`, until its end.

    A stream that ends before the job does is to be asked for again.
    """
    last, store, job = last_event_id, queue_of(http).store, row["id"]
    try:
        with store.bell.listening(job) as listener:
            while True:
                over = row["state"] in ENDED
                for event in await to_thread.run_sync(store.events, job, last):
                    last, what = event["seq"], event["what"]
                    yield ServerSentEvent(raw_data=json.dumps(event), event=what, id=str(last))
                if over or queue_of(http).draining:
                    return
                row = await next_look(store, row, listener)
    except SQLAlchemyError as error:
        if not is_away(error):
            raise
        # Too late for a status: the client asks again, and is told then.
        _log.warning("the events of job %s end early: %s", job, error)


@router.post("/v1/jobs/{job}:cancel", summary="Cancel", responses=responses(401, 403, 404, 409))
async def cancel_(http: Request, job: str, caller: Submitter) -> Job:
    """End a job; what it has found is kept as its result."""
    row = await row_of(http, caller, job)
    if row["state"] in ENDED:
        raise ProblemError("conflict", 409, f"the job is {row['state']} already")
    return noun(await cancel(queue_of(http), job) or await row_of(http, caller, job))


@router.delete(
    "/v1/jobs/{job}", summary="Forget", status_code=204, responses=responses(401, 403, 404, 409)
)
async def forget(http: Request, job: str, caller: Submitter) -> None:
    """Delete a job that has ended, its result and its events."""
    await row_of(http, caller, job)
    if not await to_thread.run_sync(queue_of(http).store.forget, job):
        raise ProblemError("conflict", 409, "the job has not ended; cancel it first")
