"""How a request becomes a job, and a job an answer."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from anyio import to_thread
from fastapi import Request, Response
from sqlalchemy import RowMapping

from api.answers import check
from api.deps import granted, patience_ns, queue_of, settings_of
from api.errors import ProblemError
from api.jobs.bell import Listener
from api.jobs.nouns import TERMINAL, Operation
from api.jobs.queue import Queue
from api.jobs.store import KeyReusedError, NewJob, Store, TooManyError
from api.jobs.views import reply
from api.jobs.wishes import Wishes
from api.jobs.work import Request as AnyRequest
from api.jobs.work import cache_key
from api.keys import Caller
from api.requests import PlanRequest
from api.requests_experts import CacheRequest
from planner.certify import unit_of

ENDED = frozenset(state.value for state in TERMINAL)


async def answer(
    http: Request, caller: Caller, operation: Operation, request: AnyRequest, wishes: Wishes
) -> Response:
    """What a submission is answered: the result if it is there in time, else the job."""
    request = request.model_copy(update={"limits": granted(request.limits, http)})
    row = await submit(http, caller, operation, request, wishes)
    return await reply(http, await ended(http, row), request.limits)


async def submit(
    http: Request,
    caller: Caller,
    operation: Operation,
    request: AnyRequest,
    wishes: Wishes,
    revision_of: str | None = None,
) -> RowMapping:
    """The job of a request, queued or done already.

    Raises DocumentError, ProblemError where it is refused.
    """
    check(request)
    new = replace(_new_job(caller, operation, request, wishes), revision_of=revision_of)
    # Who waits for the answer is promised nothing before `ended`; who is told the end elsewhere is.
    return (await _submitted(http, caller, [new], promised=wishes.webhook is not None))[0]


async def submit_all(
    http: Request, caller: Caller, requests: Sequence[PlanRequest], wishes: Wishes, batch: str
) -> list[RowMapping]:
    """The jobs of a batch; see `submit`."""
    key = wishes.idempotency_key
    asked = []
    for number, request in enumerate(requests):
        check(request)
        own = replace(wishes, idempotency_key=key and f"{key}#{number}")
        asked.append(replace(_new_job(caller, Operation.PLAN, request, own), batch=batch))
    # The key is for all: another batch must not share some of its jobs.
    whole = hashlib.sha256("".join(new.body_hash for new in asked).encode()).hexdigest()
    return await _submitted(http, caller, [replace(new, body_hash=whole) for new in asked])


async def _submitted(
    http: Request, caller: Caller, asked: Sequence[NewJob], *, promised: bool = True
) -> list[RowMapping]:
    queue = queue_of(http)
    if queue.draining:
        raise ProblemError("draining", 503, "this server ends", headers={"Retry-After": "5"})
    try:
        submit = partial(queue.store.submit, promised=promised)
        rows = await to_thread.run_sync(submit, asked, caller.max_waiting, queue.dispatcher.enqueue)
    except KeyReusedError:
        words = "this Idempotency-Key came with another request before; use a fresh one"
        raise ProblemError("idempotency-key-reused", 422, words) from None
    except TooManyError:
        words = f"{caller.max_waiting} jobs of {caller.name} wait already; wait for some of them"
        raise ProblemError("queue-full", 429, words, headers={"Retry-After": "5"}) from None
    waiting = sum(row["state"] not in ENDED for row in rows)
    if waiting:
        queue.dispatcher.ring(waiting)
    return rows


def _new_job(caller: Caller, operation: Operation, request: AnyRequest, wishes: Wishes) -> NewJob:
    text = request.model_dump_json()
    timeout = wishes.queue_timeout_ns
    if isinstance(request, CacheRequest):
        # What is replayed are the experts that such problems place; there is no problem in it.
        kind, unit = "offload_placement", "hits"
    else:
        kind, unit = request.problem.kind, unit_of(request.problem)
    return NewJob(
        owner=caller.name,
        operation=operation,
        kind=kind,
        unit=unit,
        request=text,
        cache_key=cache_key(operation, request),
        body_hash=hashlib.sha256(f"{operation.value} {text}".encode()).hexdigest(),
        priority=wishes.priority,
        idempotency_key=wishes.idempotency_key,
        expires_ns=None if timeout is None else time.time_ns() + timeout,
        webhook=wishes.webhook,
        label=wishes.label,
        afresh=wishes.afresh,
    )


async def ended(http: Request, row: RowMapping) -> RowMapping:
    """The job at its end, or as it is when the client's patience is over: then it is promised."""
    queue = queue_of(http)
    deadline = time.monotonic_ns() + _wait_ns(http)
    with queue.store.bell.listening(row["id"]) as listener:
        looked = False
        while row["state"] not in ENDED and not queue.draining:
            left = deadline - time.monotonic_ns()
            if left <= 0:
                break
            row = await next_look(queue.store, row, listener, left if looked else 0)
            looked = True
            if row["idempotency_key"] is None and await http.is_disconnected():
                # Without a key the client can never come back for it.
                await cancel(queue, row["id"])
                break
    if row["state"] not in ENDED:
        await to_thread.run_sync(queue.store.promise, row["id"])
    return row


def _wait_ns(http: Request) -> int:
    """How long a client waits; with `respond-async` alone not at all (RFC 7240, §4.3)."""
    patience = patience_ns(http)
    if patience is not None:
        return patience
    hurried = any("respond-async" in value.lower() for value in http.headers.getlist("prefer"))
    return 0 if hurried else settings_of(http).default_wait


async def next_look(
    store: Store, row: RowMapping, listener: Listener, left_ns: int = 10**9
) -> RowMapping:
    """The job when the bell has rung, or `left_ns` or a second are over."""
    heard = await listener.heard(left_ns / 10**9) if left_ns else None
    if heard is not None and heard["version"] >= row["version"]:
        return heard
    return await to_thread.run_sync(store.get, row["id"], None) or row


async def cancel(queue: Queue, job: str) -> RowMapping | None:
    """Ask a job to end with what it has; None when it has ended."""
    row = await to_thread.run_sync(queue.store.cancel, job)
    queue.dispatcher.cancel(job)
    return row
