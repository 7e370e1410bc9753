"""/v1/jobs: states, order, keys to come back by, cancel that keeps the plan, events, revisions."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from anyio import to_thread
from fastapi.testclient import TestClient

from api import answers
from api.app import create_app
from api.examples import EXAMPLES
from api.jobs.engine import OwnedError
from api.jobs.nouns import JobState, Operation
from api.jobs.schema import jobs
from api.settings import Settings
from models.problems import KINDS
from planner.certify import UNITS
from solvers.registry import REGISTRY
from tests.api.conftest import EXAMPLE
from tests.api.held import Held

_ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """A planner that holds its slot."""
    planner = Held()
    monkeypatch.setattr(answers, "plan", planner.plan)
    return planner


@pytest.fixture
def busy(held: Held, one_slot: TestClient) -> Iterator[TestClient]:
    """A service whose only slot is taken by a job that runs until it is cancelled."""
    one_slot.post("/v1/plans", json=_body("first"), headers=_ASYNC)
    assert held.begun.acquire(timeout=10)
    yield one_slot
    held.let_go.set()


def _body(about: str, **more: Any) -> dict[str, Any]:
    """A request that no other has asked."""
    return {"problem": {**EXAMPLE.problem, "about": about}, "limits": {"seed": len(about)}, **more}


def _job(client: TestClient, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/jobs").json()["jobs"][number]
    return found


def test_answer_that_takes_longer_is_a_job(busy: TestClient) -> None:
    """What is not answered while the client waits is 202 with the job and its address."""
    response = busy.post("/v1/plans", json=_body("second"), headers={"Prefer": "wait=0"})
    assert response.status_code == 202
    assert response.headers["Location"] == response.json()["links"]["self"]
    assert response.json()["state"] == "queued"
    assert response.json()["position"] == 1
    result = busy.get(response.json()["links"]["result"])
    assert result.status_code == 202


def test_order_of_the_queue(busy: TestClient, held: Held) -> None:
    """Higher priorities run first, equal ones in the order of their coming; places are told."""
    for about, priority in (("low", 1), ("high", 9), ("low again", 1)):
        busy.post(f"/v1/plans?priority={priority}", json=_body(about), headers=_ASYNC)
    waiting = busy.get("/v1/jobs?state=queued").json()["jobs"]
    assert [job["position"] for job in waiting] == [3, 1, 2]
    held.let_go.set()
    for _ in range(3):
        assert held.begun.acquire(timeout=10)
    assert held.solved == ["first", "high", "low", "low again"]


def test_idempotency_key(busy: TestClient) -> None:
    """The same key and body give the same job, another body is refused."""
    key = {**_ASYNC, "Idempotency-Key": "k1"}
    jobs = {busy.post("/v1/plans", json=_body("x"), headers=key).json()["id"] for _ in range(5)}
    assert len(jobs) == 1
    other = busy.post("/v1/plans", json=_body("yy"), headers=key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:edgeplan:problem:idempotency-key-reused"


def test_cancel_keeps_the_plan(busy: TestClient, held: Held) -> None:
    """A cancelled job ends with the plan it has; one that waits ends at once, without."""
    held.let_go.set()
    held.let_go.clear()
    waiting = busy.post("/v1/plans", json=_body("waits"), headers=_ASYNC).json()
    assert busy.post(waiting["links"]["cancel"]).json()["state"] == "cancelled"
    assert busy.get(waiting["links"]["result"]).status_code == 409
    assert busy.post(waiting["links"]["cancel"]).status_code == 409
    running = _job(busy, 1)
    assert running["state"] == "running"
    assert busy.delete(running["links"]["self"]).status_code == 409
    assert busy.post(running["links"]["cancel"]).json()["state"] == "cancelling"
    assert held.cancelled.wait(10)
    with busy.stream("GET", running["links"]["events"]) as stream:
        assert "cancelled" in list(stream.iter_lines())[-3]
    assert busy.get(running["links"]["result"]).status_code == 200
    assert busy.delete(running["links"]["self"]).status_code == 204
    assert busy.get(running["links"]["self"]).status_code == 404


def test_events_replay(client: TestClient, request_body: dict[str, Any]) -> None:
    """Events come in order, once more from the beginning or behind the last one seen."""
    body = {**request_body, "limits": {"seed": 41}}
    location = client.post("/v1/plans", json=body).headers["Location"]
    events = _events(client.get(f"{location}/events").text)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["state"] for event in events if "state" in event] == ["queued", "running", "done"]
    assert events[-1]["state"] == "done"
    assert any(event["objective"] == EXAMPLE.objective for event in events if "objective" in event)
    rest = client.get(f"{location}/events", headers={"Last-Event-ID": "3"}).text
    assert _events(rest) == events[3:]


def _events(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_etag(client: TestClient, request_body: dict[str, Any]) -> None:
    """A job that has not changed is 304."""
    location = client.post("/v1/plans", json=request_body).headers["Location"]
    first = client.get(location)
    again = client.get(location, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert client.get(location, headers={"If-None-Match": '"other"'}).status_code == 200


def test_same_question_is_answered_at_once(
    client: TestClient, request_body: dict[str, Any]
) -> None:
    """A proved answer is given again without a solve, and says whose it is."""
    body = {**request_body, "limits": {"seed": 42}}
    first = client.post("/v1/plans", json=body)
    commented = {**body, "problem": {**body["problem"], "about": "the same"}}
    again = client.post("/v1/plans", json=commented)
    assert again.headers["Edgeplan-Result-From"] in first.headers["Location"]
    assert again.json() == first.json()
    other = client.post("/v1/plans", json={**body, "limits": {"seed": 43}})
    assert "Edgeplan-Result-From" not in other.headers
    afresh = client.post("/v1/plans", json=body, headers={"Cache-Control": "no-cache"})
    assert "Edgeplan-Result-From" not in afresh.headers


def test_expires_in_the_queue(busy: TestClient, held: Held) -> None:
    """A job that is not willing to wait so long ends as expired, and is not run."""
    address = "/v1/plans?queue_timeout=1%20ms"
    job = busy.post(address, json=_body("hurry"), headers=_ASYNC).json()
    held.let_go.set()
    text = busy.get(job["links"]["events"]).text
    assert _events(text)[-1]["state"] == "expired"
    assert "hurry" not in held.solved


def test_queue_is_bounded(held: Held) -> None:
    """Too many waiting jobs are refused: 429, and when to come back."""
    with TestClient(create_app(Settings(slots=1, max_waiting=1))) as small:
        codes = []
        for about in "abcd":
            response = small.post("/v1/plans", json=_body(about), headers=_ASYNC)
            codes.append(response.status_code)
            held.begun.acquire(timeout=10) if about == "a" else None
        assert codes == [202, 202, 429, 429]
        assert int(response.headers["Retry-After"]) > 0
        held.let_go.set()


def test_batch(client: TestClient) -> None:
    """A batch is queued whole or, when one request is refused, not at all."""
    good = {"problem": EXAMPLE.problem, "solver": "dp", "limits": {"seed": 51}}
    batch = client.post("/v1/batches", json={"requests": [good, {**good, "limits": {"seed": 52}}]})
    assert batch.status_code == 202
    assert len(batch.json()["jobs"]) == 2
    listed = client.get(batch.headers["Location"]).json()["jobs"]
    assert {job["id"] for job in listed} == {job["id"] for job in batch.json()["jobs"]}
    refused = client.post("/v1/batches", json={"requests": [good, {**good, "solver": "none"}]})
    assert refused.status_code == 422


def test_revision_starts_from_the_plan(client: TestClient, request_body: dict[str, Any]) -> None:
    """A job's problem changes, and its plan is the start, or is rejected with the reason."""
    job = client.post("/v1/plans", json=request_body).headers["Location"]
    slower = client.post(f"{job}/revisions", json={"slowed": {"box": "2"}})
    assert slower.status_code == 200
    assert slower.headers["Edgeplan-Start"] == "accepted"
    assert slower.json()["objective"] == EXAMPLE.objective + 6_000_000
    assert "hint" in {run["solver"] for run in slower.json()["runs"]}
    lost = client.post(f"{job}/revisions", json={"lost": ["box"]})
    assert lost.headers["Edgeplan-Start"].startswith("rejected: ")
    assert lost.json()["grade"] == "infeasible"
    patched = client.post(f"{job}/revisions", json={"patch": {"objective": "throughput"}})
    assert patched.json()["objective"] == 10_000_000 + 1_000_000
    replayed = client.post(f"{job}/revisions", json={"slowed": {"box": "2"}, "mode": "replay"})
    assert replayed.status_code == 422
    assert replayed.json()["errors"][0]["pointer"] == "/mode"
    wrong = client.post(f"{job}/revisions", json={"patch": {"objective": "speed"}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"].endswith("/objective")


_SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/plans",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}


@pytest.mark.parametrize("key", [None, b"mine"])
def test_client_that_hangs_up(held: Held, key: bytes | None) -> None:
    """A disconnect ends the solve, unless the client has a key by which it can come back."""
    app = create_app(Settings(slots=1))
    headers = [*_SCOPE["headers"], *([(b"idempotency-key", key)] if key else [])]
    body = json.dumps({"problem": EXAMPLE.problem}).encode()
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        while not held.solved:
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(_message: Any) -> None:
        """Nobody listens."""

    async def go() -> None:
        async with app.router.lifespan_context(app):
            request = asyncio.create_task(app({**_SCOPE, "headers": headers}, receive, send))
            if key is None:
                assert await to_thread.run_sync(held.cancelled.wait, 10)
            else:
                assert not await to_thread.run_sync(held.cancelled.wait, 2)
                held.let_go.set()
            await request

    asyncio.run(go())


def test_a_training_pipeline_is_replayed(client: TestClient) -> None:
    """Mode replay is that method alone, once: what is revised next has all methods again."""
    problem = EXAMPLES["pipeline_training"].problem
    job = client.post("/v1/plans", json={"problem": problem, "solver": "dp"}).headers["Location"]
    change = {"slowed": {"small": "1.5"}, "mode": "replay"}
    replayed = client.post(f"{job}/revisions", json=change)
    assert replayed.json()["plan_from"] == "replay"
    after = client.post(f"{replayed.headers['Location']}/revisions", json={"mode": "full"})
    assert "dp" in {run["solver"] for run in after.json()["runs"]}
    both = client.post(f"{job}/revisions", json={**change, "solver": "dp"})
    assert both.status_code == 422


def test_killed_server_loses_no_job(held: Held, tmp_path: Any) -> None:
    """What ran when the server went is run again by the next one, from its last verified plan."""
    settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}")
    body = _body("survives", hint=EXAMPLE.plan)
    with TestClient(create_app(settings)) as first:
        job = first.post("/v1/plans", json=body, headers=_ASYNC).json()
        assert held.begun.acquire(timeout=10)
        second = TestClient(create_app(settings))
        with pytest.raises(OwnedError, match="another server"):
            second.__enter__()
    with TestClient(create_app(settings)) as again:
        assert held.begun.acquire(timeout=10)
        held.let_go.set()
        events = _events(again.get(job["links"]["events"]).text)
        states = [event["state"] for event in events if "state" in event]
        assert states == ["queued", "running", "queued", "running", "done"]
        assert again.get(job["links"]["result"]).json()["plan"] is not None


def test_columns_hold_what_goes_into_them() -> None:
    """No unit, kind, state or operation is longer than its column, which SQLite does not heed."""
    words = {
        "unit": UNITS.values(),
        "kind": KINDS,
        "state": JobState,
        "operation": Operation,
        "plan_from": (item.name for items in REGISTRY.values() for item in items),
    }
    for column, values in words.items():
        assert max(map(len, values)) <= jobs.c[column].type.length, column


def test_metrics(client: TestClient, request_body: dict[str, Any]) -> None:
    """Requests are counted by route, jobs by state; ids do not become labels."""
    job = client.post("/v1/plans", json=request_body).headers["Location"]
    client.get(job)
    text = client.get("/metrics").text
    assert 'edgeplan_jobs{state="queued"} 0.0' in text
    assert 'route="/v1/jobs/{job}",status="200"' in text
    assert job.rpartition("/")[2] not in text


def test_labels_are_names(client: TestClient, request_body: dict[str, Any]) -> None:
    """A label that no job may have is refused with the request, not when the job is read."""
    refused = client.post("/v1/plans", params={"label": "a\x16b"}, json=request_body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/label"
    assert client.post("/v1/plans", params={"label": "Köln 1"}, json=request_body).is_success
    assert client.get("/v1/jobs").json()["jobs"][0]["label"] == "Köln 1"
