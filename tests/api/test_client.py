"""The Python client: answers, errors, dropped connections, restarts, cancel that keeps the plan."""

import asyncio
import gc
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api import answers
from api.client import AsyncClient, Client, Options, ServiceError, UnreachableError
from api.jobs.nouns import JobEvent, JobState
from api.requests import (
    ExplanationRequest,
    FrontierRequest,
    PlanRequest,
    RevisionRequest,
    SimulationRequest,
    ValidationRequest,
    VerificationRequest,
)
from api.settings import Settings
from models.documents import digest
from models.frontier import Budget
from models.result import Certificate, Grade, Limits
from tests.api.conftest import EXAMPLE, EXAMPLES
from tests.api.held import Held
from tests.api.serving import serving

PROBLEM, PLAN = EXAMPLE.nouns()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server with two slots."""
    with serving(Settings(slots=2)) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    """A client of it."""
    with Client(url) as found:
        yield found


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """A planner that holds its slot."""
    planner = Held()
    monkeypatch.setattr(answers, "plan", planner.plan)
    return planner


def _asked(seed: int, **more: Any) -> PlanRequest:
    return PlanRequest(problem=PROBLEM, limits=Limits(seed=seed), **more)


def test_plan(client: Client) -> None:
    """The certificate comes home, with every step of its job when one listens."""
    steps: list[JobEvent] = []
    found = client.plan(_asked(61, solver="dp"), listen=steps.append)
    assert (found.grade, found.objective) == (Grade.OPTIMAL, EXAMPLE.objective)
    assert [step.state for step in steps if step.state] == ["queued", "running", "done"]
    assert client.plan(_asked(61, solver="dp")) == found


def test_other_verbs(client: Client) -> None:
    """Everything else that is asked of the service is answered by nouns."""
    assert client.verify(VerificationRequest(problem=PROBLEM, plan=PLAN)).accepted
    assert client.validate(ValidationRequest(problem=PROBLEM)).digest == digest(PROBLEM)
    assert client.estimate(ValidationRequest(problem=PROBLEM)).lanes
    why = client.explain(ExplanationRequest(problem=PROBLEM, plan=PLAN))
    assert why.objective == EXAMPLE.objective
    replay = SimulationRequest(problem=PROBLEM, plan=PLAN, units=2)
    assert client.simulate(replay) == answers.simulation(replay)
    experts = EXAMPLES["expert_selection"].nouns()[0]
    swept = client.frontier(FrontierRequest(problem=experts, budget=Budget.ENERGY, points=2))
    assert len(swept.points) == 2
    assert client.instances() == answers.instances()


def test_jobs(client: Client) -> None:
    """A batch is queued, listed, answered, revised and forgotten."""
    batch = client.batch([_asked(62, solver="dp"), _asked(63, solver="dp")], Options(key="b"))
    results = [client.result(job.id) for job in batch]
    assert [getattr(found, "objective", None) for found in results] == [EXAMPLE.objective] * 2
    listed = client.jobs(batch=batch[0].batch, limit=1)
    assert [job.id for job in listed] == [batch[1].id]
    assert client.cancel(batch[0].id).state is JobState.DONE
    slower = client.revise(batch[0].id, RevisionRequest(slowed={"box": "2"}))
    assert slower.start == "accepted"
    assert slower.certificate.objective == EXAMPLE.objective + 6_000_000
    seen = [event.seq for event in client.events(batch[0].id, after=1)]
    assert seen == list(range(2, seen[-1] + 1))
    client.forget(batch[0].id)
    with pytest.raises(ServiceError) as caught:
        client.job(batch[0].id)
    assert (caught.value.status, caught.value.name) == (404, "not-found")


def test_refusal_names_the_field(client: Client) -> None:
    """A refused document is an exception with pointer, reason and remedy."""
    with pytest.raises(ServiceError) as caught:
        client.plan(_asked(0, solver="none"))
    assert (caught.value.status, caught.value.pointer) == (422, "/solver")
    assert "no method" in caught.value.reason
    assert "use one of" in (caught.value.remedy or "")


def test_nobody_there() -> None:
    """A server that is not there is tried for as long as the client's patience lasts."""
    with Client("http://127.0.0.1:9", patience_s=0.3) as client, pytest.raises(UnreachableError):
        client.instances()


def test_says_that_it_waits(caplog: pytest.LogCaptureFixture) -> None:
    """Who waits for a server that does not answer is told so, once, before patience ends."""
    with Client("http://127.0.0.1:9", patience_s=4) as client, pytest.raises(UnreachableError):
        client.instances()
    assert [record.message.endswith("trying again for 4 s") for record in caplog.records] == [True]


def test_cancel_keeps_the_plan(held: Held) -> None:
    """The event cancels the job, and the plan it has is the answer."""
    with serving(Settings(slots=1)) as address, Client(address) as client:
        cancel = threading.Event()
        threading.Thread(target=lambda: held.begun.acquire() and cancel.set()).start()
        found = client.plan(_asked(64, hint=PLAN), cancel=cancel)
        assert found.plan == PLAN
        assert [job.state for job in client.jobs()] == ["cancelled"]


def test_cancelled_task_cancels_its_job(held: Held) -> None:
    """A task that is cancelled ends, and takes its job along."""

    async def go(address: str) -> None:
        async with AsyncClient(address) as client:
            task = asyncio.create_task(client.plan(_asked(65), listen=lambda _: None))
            await asyncio.to_thread(held.begun.acquire)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(held.cancelled.wait, 10)

    with serving(Settings(slots=1)) as address:
        asyncio.run(go(address))


class _Cutting(httpx2.AsyncBaseTransport):
    """A network that drops the first answer to a POST, and every stream behind its first event."""

    def __init__(self) -> None:
        self._real = httpx2.AsyncHTTPTransport()
        self.dropped = 0
        self.since: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass on, or drop."""
        response = await self._real.handle_async_request(request)
        if request.method == "POST" and self.dropped == 0:
            self.dropped = 1
            raise httpx2.ReadError("cut")
        if request.url.path.endswith("/events"):
            self.since.append(request.headers["last-event-id"])
            return httpx2.Response(200, headers=response.headers, stream=_First(response))
        return response


class _First(httpx2.AsyncByteStream):
    """The first event of a stream, and then a broken connection."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> Any:
        text = b""
        async for chunk in self._response.stream:  # type: ignore[union-attr]
            text += chunk
            if b"\n\n" in text:
                yield text.partition(b"\n\n")[0] + b"\n\n"
                raise httpx2.ReadError("cut")

    async def aclose(self) -> None:
        """Close the real one."""
        await self._response.aclose()


def test_dropped_connections(url: str) -> None:
    """An answer that was lost is asked for again by its key, a stream goes on where it broke."""
    network = _Cutting()
    steps: list[int] = []
    with Client(url, transport=network) as client:
        options = Options(label="cut")
        found = client.plan(_asked(66, solver="dp"), options, lambda step: steps.append(step.seq))
        assert found.objective == EXAMPLE.objective
        assert len([job for job in client.jobs(limit=500) if job.label == "cut"]) == 1
    assert steps == list(range(1, len(steps) + 1))
    assert network.since == [str(number) for number in range(len(steps))]


# A connection that uvicorn accepts while it ends is left to the collector.
@pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_restarted_server(held: Held, tmp_path: Path) -> None:
    """A client that follows a job hears its end from the next server at the address."""
    settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}")
    found: list[Certificate] = []
    states: list[str] = []

    def ask(address: str) -> None:
        with Client(address) as client:
            listen = lambda step: states.append(step.state) if step.state else None  # noqa: E731
            found.append(client.plan(_asked(67, hint=PLAN), listen=listen))

    with serving(settings) as address:
        asking = threading.Thread(target=ask, args=[address])
        asking.start()
        assert held.begun.acquire(timeout=20)
    with serving(settings, int(address.rpartition(":")[2])):
        assert held.begun.acquire(timeout=20)
        held.let_go.set()
        asking.join()
    assert [one.plan for one in found] == [PLAN]
    assert states == ["queued", "running", "queued", "running", "done"]
    gc.collect()


def test_answers_of_strangers() -> None:
    """An error that is not of the service, such as a proxy's, is told by its status."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(418, text="<html>"))
    client = Client("http://127.0.0.1", transport=transport)
    with client, pytest.raises(ServiceError) as caught:
        client.instances()
    assert (caught.value.status, caught.value.name, caught.value.pointer) == (418, "http", None)


def test_server_that_is_busy_is_asked_again() -> None:
    """503 with Retry-After is waited for; the same key comes with every try."""
    keys: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        keys.append(request.headers["idempotency-key"])
        if len(keys) == 1:
            return httpx2.Response(503, headers={"Retry-After": "0"})
        certificate = answers.verification(VerificationRequest(problem=PROBLEM, plan=PLAN))
        body = {"grade": "feasible", "unit": "ns", "problem_digest": "", "plan": EXAMPLE.plan}
        assert certificate.accepted
        return httpx2.Response(200, text=json.dumps(body), headers={"Location": "/v1/jobs/1"})

    with Client("http://127.0.0.1", transport=httpx2.MockTransport(answer)) as client:
        assert client.plan(_asked(0)).grade is Grade.FEASIBLE
    assert len(keys) == 2
    assert len(set(keys)) == 1
