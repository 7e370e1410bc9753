"""The client: submits with a key to come back by, follows the job, brings its answer home."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import TypeAdapter

from api.client.errors import ServiceError
from api.client.line import PATIENCE_S, Line, Patience, Stop
from api.client.options import Options
from api.jobs.nouns import ANSWERS, TERMINAL, Job, JobEvent, JobPage, JobState
from api.requests import (
    BatchRequest,
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

D = TypeVar("D", bound=Document)
Heard = Callable[[JobEvent], None]

_JSON = {"Content-Type": "application/json"}
# What is answered this soon needs no stream of events, s.
_WAIT_S = 1
_LOOK_S = 0.05
# A task that is cancelled has this long to tell the server so.
_LAST_WORD_S = 5.0


@dataclass(frozen=True)
class Revised:
    """The certificate of a changed problem, and what became of the plan in force, in words."""

    certificate: Certificate
    start: str


class AsyncClient:
    """A server's planner, for asyncio; see `Client`, whose methods are the same.

    `verify`, `validate`, `estimate` and `simulate` are answered at once. The others take a `cancel`
    (a threading.Event, say): once it is set the job is cancelled, and what it has found is
    answered. When their task is cancelled, the job is cancelled as well and the task ends, without
    its answer.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._line = Line(url, key, patience_s, transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._line.close()

    async def plan(
        self,
        request: PlanRequest,
        options: Options = Options(),  # noqa: B008  # frozen
        listen: Heard | None = None,
        cancel: Stop | None = None,
    ) -> Certificate:
        """The certificate of a plan request; `listen` hears every step of its job."""
        response = await self._submit("/v1/plans", request, options, listen, cancel)
        return await self._home(response, Certificate, listen, cancel)

    async def explain(
        self,
        request: ExplanationRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Explanation:
        """Why a plan costs what it costs, or why there is none."""
        response = await self._submit("/v1/explanations", request, options, None, cancel)
        return await self._home(response, Explanation, None, cancel)

    async def frontier(
        self,
        request: FrontierRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Frontier:
        """The best objective at each level of a budget."""
        response = await self._submit("/v1/frontiers", request, options, None, cancel)
        return await self._home(response, Frontier, None, cancel)

    async def split(
        self,
        request: SplitRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> ExpertSplit:
        """The tokens of one batch among the replicas of a placement."""
        response = await self._submit("/v1/splits", request, options, None, cancel)
        return await self._home(response, ExpertSplit, None, cancel)

    async def cache(
        self,
        request: CacheRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> ExpertCache:
        """Pins and caches replayed on a routing table."""
        response = await self._submit("/v1/caches", request, options, None, cancel)
        return await self._home(response, ExpertCache, None, cancel)

    async def roll(
        self,
        request: RollRequest,
        options: Options = Options(),  # noqa: B008
        cancel: Stop | None = None,
    ) -> Rolling:
        """A placement that follows what is observed."""
        response = await self._submit("/v1/rollings", request, options, None, cancel)
        return await self._home(response, Rolling, None, cancel)

    async def revise(
        self,
        job: str,
        change: RevisionRequest,
        options: Options = Options(),  # noqa: B008
        listen: Heard | None = None,
        cancel: Stop | None = None,
    ) -> Revised:
        """Plan a job's problem anew after a change, from the job's plan."""
        path = f"{_of(job)}/revisions"
        response = await self._submit(path, change, options, listen, cancel)
        start = response.headers.get("edgeplan-start", "")
        return Revised(await self._home(response, Certificate, listen, cancel), start)

    async def batch(
        self,
        requests: Sequence[PlanRequest],
        options: Options = Options(),  # noqa: B008
    ) -> tuple[Job, ...]:
        """Queue many requests, all or none; `result` brings their answers."""
        body = BatchRequest(requests=tuple(requests))
        response = await self._send("/v1/batches", body, options.headers(), options.params())
        return JobPage.model_validate_json(response.content).jobs

    async def verify(self, request: VerificationRequest) -> Verification:
        """The verdict on a plan."""
        return _read(await self._send("/v1/verifications", request), Verification)

    async def simulate(self, request: SimulationRequest) -> Simulation:
        """A plan replayed unit by unit."""
        return _read(await self._send("/v1/simulations", request), Simulation)

    async def validate(self, request: ValidationRequest) -> Valid:
        """What a problem is."""
        return _read(await self._send("/v1/validations", request), Valid)

    async def estimate(self, request: ValidationRequest) -> Estimate:
        """What would be run on a problem."""
        return _read(await self._send("/v1/estimates", request), Estimate)

    async def instances(self) -> tuple[InstanceOf, ...]:
        """The shipped instances of the server."""
        response = await self._line.ask("GET", "/v1/instances")
        return TypeAdapter(tuple[InstanceOf, ...]).validate_json(response.content)

    async def job(self, job: str) -> Job:
        """A job as it stands."""
        return _read(await self._line.ask("GET", _of(job)), Job)

    async def jobs(
        self, *, state: JobState | None = None, batch: str | None = None, limit: int = 50
    ) -> tuple[Job, ...]:
        """The caller's jobs, the latest first, `limit` at most."""
        given = {"state": state, "batch": batch}
        query = {name: str(value) for name, value in given.items() if value is not None}
        found: list[Job] = []
        path: str | None = "/v1/jobs"
        while path is not None and len(found) < limit:
            params = None if "?" in path else {**query, "limit": str(min(limit, 500))}
            page = _read(await self._line.ask("GET", path, params=params), JobPage)
            found += page.jobs
            path = page.next
        return tuple(found[:limit])

    async def cancel(self, job: str) -> Job:
        """End a job, which keeps what it has found; one that has ended stays as it is."""
        try:
            return _read(await self._line.ask("POST", f"{_of(job)}:cancel"), Job)
        except ServiceError as error:
            if error.name != "conflict":
                raise
        return await self.job(job)

    async def forget(self, job: str) -> None:
        """Delete a job that has ended, and its answer."""
        await self._line.ask("DELETE", _of(job))

    async def result(
        self, job: str, listen: Heard | None = None, cancel: Stop | None = None
    ) -> Document:
        """The answer of a job, once it has ended; its type is that of the job's operation."""
        answer = ANSWERS[(await self.job(job)).operation]
        await self._follow(job, listen, cancel)
        return _read(await self._line.ask("GET", f"{_of(job)}/result"), answer)

    async def events(self, job: str, after: int = 0) -> AsyncGenerator[JobEvent, None]:
        """Every step of a job behind number `after`, until its end, over however many streams."""
        patience = Patience(self._line.patience_s)
        while True:
            why = "the server ended the stream"
            try:
                since = {"Last-Event-ID": str(after)}
                async with self._line.events(f"{_of(job)}/events", since) as source:
                    patience.relief()
                    async for found in source:
                        event = JobEvent.model_validate_json(found.data)
                        after = event.seq
                        yield event
                        if event.state in TERMINAL:
                            return
            except httpx2.TransportError as error:
                why = self._line.words(error)
            await patience.pause(why)

    async def _submit(
        self,
        path: str,
        request: Document,
        options: Options,
        listen: Heard | None,
        cancel: Stop | None,
    ) -> httpx2.Response:
        # Who listens wants the events as they come, and not after the wait.
        prefer = {"Prefer": f"wait={_WAIT_S}" if listen is None else "respond-async"}
        headers = options.headers() | prefer
        sending = self._send(path, request, headers, options.params(), cancel)
        asked = asyncio.create_task(sending)
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            await asyncio.wait_for(self._take_back(asked), _LAST_WORD_S)
            raise

    async def _take_back(self, asked: asyncio.Task[httpx2.Response]) -> None:
        """Cancel the job that a request on its way makes."""
        await self.cancel(_job_of(await asked))

    async def _send(
        self,
        path: str,
        body: Document,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        stop: Stop | None = None,
    ) -> httpx2.Response:
        text = body.model_dump_json().encode()
        more = {"content": text, "headers": _JSON | (headers or {}), "params": params or {}}
        return await self._line.ask("POST", path, stop=stop, **more)

    async def _home(
        self, response: httpx2.Response, answer: type[D], listen: Heard | None, cancel: Stop | None
    ) -> D:
        """The answer that a submission got, or that its job gets."""
        job = _job_of(response)
        if response.status_code == httpx2.codes.ACCEPTED or listen is not None:
            await self._follow(job, listen, cancel)
            response = await self._line.ask("GET", f"{_of(job)}/result")
        return _read(response, answer)

    async def _follow(self, job: str, listen: Heard | None, cancel: Stop | None) -> None:
        """Wait for the end of a job."""
        canceller = asyncio.create_task(self._cancel_when(job, cancel))
        try:
            async with aclosing(self.events(job)) as events:
                async for event in events:
                    if listen is not None:
                        listen(event)
        except asyncio.CancelledError:
            await asyncio.wait_for(asyncio.shield(self.cancel(job)), _LAST_WORD_S)
            raise
        finally:
            canceller.cancel()
        if canceller.done() and not canceller.cancelled():
            canceller.result()

    async def _cancel_when(self, job: str, cancel: Stop | None) -> None:
        while cancel is not None:
            if cancel.is_set():
                await self.cancel(job)
                return
            await asyncio.sleep(_LOOK_S)


def _of(job: str) -> str:
    return f"/v1/jobs/{quote(job, safe='')}"


def _job_of(response: httpx2.Response) -> str:
    found: str = response.headers["location"].rpartition("/")[2]
    return found


def _read(response: httpx2.Response, noun: type[D]) -> D:
    return noun.model_validate_json(response.content)
