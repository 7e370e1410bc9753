"""GET /livez and /readyz: whether the service answers, and whether it can solve."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from sqlalchemy.exc import SQLAlchemyError

from api.deps import queue_of
from api.errors import ProblemError, responses
from api.jobs.queue import Queue
from api.probe import first_fault
from api.requests import Alive, Ready

router = APIRouter()


@router.get("/livez", summary="Alive")
async def livez() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", summary="Ready", responses=responses(422, 503))
async def readyz(
    http: Request,
    *,
    deep: Annotated[bool, Query(description="also solve an example and check the answer")] = False,
) -> Ready:
    """The jobs are at hand and run; `deep=1` also solves an example of every kind."""
    queue = queue_of(http)
    fault = await to_thread.run_sync(_fault, queue)
    if fault is None and deep:
        # One at a time, on no thread of the others: it needs no key.
        fault = await to_thread.run_sync(first_fault, limiter=http.app.state.probing)
    if fault is not None:
        raise ProblemError("not-ready", 503, fault)
    return Ready(slots=queue.dispatcher.slots, free=queue.dispatcher.free)


def _fault(queue: Queue) -> str | None:
    """What is wrong with the table of jobs or with those who run them."""
    if queue.draining:
        return "this server ends"
    try:
        queue.store.counts()
        return queue.dispatcher.health()
    except SQLAlchemyError as error:
        return f"the table of jobs does not answer: {type(error).__name__}"
