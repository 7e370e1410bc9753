"""The client for programs without an event loop: the asynchronous one, run in a thread."""

import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2
from anyio.from_thread import start_blocking_portal

from api.client.asynchronous import AsyncClient, Heard, Revised
from api.client.line import PATIENCE_S, Stop
from api.client.options import Options
from api.jobs.nouns import Job, JobEvent, JobState
from api.requests import (
    Estimate,
    Explanation,
    ExplanationRequest,
    FrontierRequest,
    InstanceOf,
    PlanRequest,
    RevisionRequest,
    SimulationRequest,
    SplitRequest,
    Valid,
    ValidationRequest,
    VerificationRequest,
)
from api.requests_experts import CacheRequest, RollRequest
from models.base import Document
from models.expert_cache import ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.result import Certificate, Verification
from models.rolling import Rolling
from models.simulation import Simulation

T = TypeVar("T")
_END = object()


class Client:
    """The planner of the server at `url`, as `with Client(url, key) as client:`.

    Every request may be sent again, and is when a connection drops or a server restarts, until
    `patience_s` pass without an answer (UnreachableError). An error answer is a ServiceError.
    Ctrl-C, or the event `cancel`, cancels the job that is waited for, and what it has found is
    answered; a second Ctrl-C gives up.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._open = partial(AsyncClient, url, key, patience_s=patience_s, transport=transport)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._portal = self._stack.enter_context(start_blocking_portal())
        client = self._portal.call(self._open)
        self._client = self._stack.enter_context(self._portal.wrap_async_context_manager(client))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def plan(
        self,
        request: PlanRequest,
        options: Options = Options(),  # noqa: B008  # frozen
        listen: Heard | None = None,
        cancel: Stop | None = None,
    ) -> Certificate:
        """The certificate of a plan request; `listen` hears every step of its job, in a thread."""
        return self._stoppable(cancel, self._client.plan, request, options, listen)

    def explain(
        self,
        request: ExplanationRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Explanation:
        """Why a plan costs what it costs, or why there is none."""
        return self._stoppable(cancel, self._client.explain, request, options)

    def frontier(
        self,
        request: FrontierRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Frontier:
        """The best objective at each level of a budget."""
        return self._stoppable(cancel, self._client.frontier, request, options)

    def split(
        self,
        request: SplitRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> ExpertSplit:
        """The tokens of one batch among the replicas of a placement."""
        return self._stoppable(cancel, self._client.split, request, options)

    def cache(
        self,
        request: CacheRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> ExpertCache:
        """Pins and caches replayed on a routing table."""
        return self._stoppable(cancel, self._client.cache, request, options)

    def roll(
        self,
        request: RollRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Rolling:
        """A placement that follows what is observed."""
        return self._stoppable(cancel, self._client.roll, request, options)

    def revise(
        self,
        job: str,
        change: RevisionRequest,
        options: Options = Options(),  # noqa: B008
        listen: Heard | None = None,
        cancel: Stop | None = None,
    ) -> Revised:
        """Plan a job's problem anew after a change, from the job's plan."""
        return self._stoppable(cancel, self._client.revise, job, change, options, listen)

    def batch(
        self,
        requests: Sequence[PlanRequest],
        options: Options = Options(),  # noqa: B008
    ) -> tuple[Job, ...]:
        """Queue many requests, all or none; `result` brings their answers."""
        return self._portal.call(self._client.batch, requests, options)

    def verify(self, request: VerificationRequest) -> Verification:
        """The verdict on a plan."""
        return self._portal.call(self._client.verify, request)

    def simulate(self, request: SimulationRequest) -> Simulation:
        """A plan replayed unit by unit."""
        return self._portal.call(self._client.simulate, request)

    def validate(self, request: ValidationRequest) -> Valid:
        """What a problem is."""
        return self._portal.call(self._client.validate, request)

    def estimate(self, request: ValidationRequest) -> Estimate:
        """What would be run on a problem."""
        return self._portal.call(self._client.estimate, request)

    def instances(self) -> tuple[InstanceOf, ...]:
        """The shipped instances of the server."""
        return self._portal.call(self._client.instances)

    def job(self, job: str) -> Job:
        """A job as it stands."""
        return self._portal.call(self._client.job, job)

    def jobs(
        self, *, state: JobState | None = None, batch: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """The caller's jobs, the latest first, `limit` at most."""
        return self._portal.call(partial(self._client.jobs, state=state, batch=batch, limit=limit))

    def cancel(self, job: str) -> Job:
        """End a job, which keeps what it has found; one that has ended stays as it is."""
        return self._portal.call(self._client.cancel, job)

    def forget(self, job: str) -> None:
        """Delete a job that has ended, and its answer."""
        self._portal.call(self._client.forget, job)

    def result(self, job: str, listen: Heard | None = None, cancel: Stop | None = None) -> Document:
        """The answer of a job, once it has ended; its type is that of the job's operation."""
        return self._stoppable(cancel, self._client.result, job, listen)

    def events(self, job: str, after: int = 0) -> Iterator[JobEvent]:
        """Every step of a job behind number `after`, until its end."""
        events = self._client.events(job, after)

        async def following() -> Any:
            return await anext(events, _END)

        try:
            while (event := self._portal.call(following)) is not _END:
                yield event
        finally:
            self._portal.call(events.aclose)

    def _stoppable(
        self, cancel: Stop | None, call: Callable[..., Awaitable[T]], *arguments: Any
    ) -> T:
        """The call's answer; the first Ctrl-C cancels its job, where no one else does."""
        stop: Stop = threading.Event() if cancel is None else cancel
        future = self._portal.start_task_soon(partial(call, *arguments, cancel=stop))
        try:
            return future.result()
        except KeyboardInterrupt:
            if not isinstance(stop, threading.Event) or stop.is_set():
                raise
            stop.set()
            return future.result()
