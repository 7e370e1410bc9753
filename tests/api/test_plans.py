"""POST /v1/plans: certificates, limits, slots, clients that hang up."""

import asyncio
import json
import threading
from typing import Any

import pytest
from anyio import to_thread
from fastapi.testclient import TestClient

from api import answers
from api.app import create_app
from api.requests import PlanRequest
from api.settings import Settings
from models.result import Certificate, Grade
from tests.api.conftest import EXAMPLE


def test_answers_with_a_certificate(client: TestClient, request_body: dict[str, Any]) -> None:
    """A solved problem is 200 with the proved plan of the example."""
    response = client.post("/v1/plans", json=request_body)
    assert response.status_code == 200
    certificate = Certificate.model_validate_json(response.text)
    assert certificate.grade is Grade.OPTIMAL
    assert certificate.objective == EXAMPLE.objective
    assert certificate.plan == EXAMPLE.nouns()[1]


def test_takes_yaml(client: TestClient) -> None:
    """A body may be YAML."""
    text = f"problem: {EXAMPLE.problem}\nsolver: dp\n"
    response = client.post("/v1/plans", content=text, headers={"Content-Type": "application/yaml"})
    assert response.json()["objective"] == EXAMPLE.objective


def test_infeasible_is_an_answer(client: TestClient, request_body: dict[str, Any]) -> None:
    """A problem without a plan is 200, grade infeasible, and explained."""
    devices = [{**device, "memory_bytes": "300 MB"} for device in _devices(request_body)]
    graph = {**request_body["problem"]["device_graph"], "devices": devices}
    problem = {**request_body["problem"], "device_graph": graph}
    response = client.post("/v1/plans", json={**request_body, "problem": problem})
    assert response.status_code == 200
    assert response.json()["grade"] == "infeasible"
    assert response.json()["plan"] is None
    assert any("memory" in line for line in response.json()["explanation"])


def _devices(request_body: dict[str, Any]) -> list[dict[str, Any]]:
    devices: list[dict[str, Any]] = request_body["problem"]["device_graph"]["devices"]
    return devices


def test_hint_is_verified(client: TestClient, request_body: dict[str, Any]) -> None:
    """A hint is a run of its own, so that the answer is never worse."""
    response = client.post("/v1/plans", json={**request_body, "hint": EXAMPLE.plan})
    runs = {run["solver"]: run for run in response.json()["runs"]}
    assert runs["hint"]["objective"] == EXAMPLE.objective


@pytest.mark.parametrize(
    ("asked", "prefer", "applied", "preference"),
    [
        ("3 s", None, "time=3.00 s; memory=1.00 GiB; seed=7", None),
        ("3 s", "wait=2", "time=2.00 s; memory=1.00 GiB; seed=7", "wait=2"),
        ("3 s", "respond-async, wait=60;x", "time=3.00 s; memory=1.00 GiB; seed=7", "wait=3"),
        ("3 s", "wait=soon", "time=3.00 s; memory=1.00 GiB; seed=7", None),
        ("1 h", "wait=100", "time=10.00 s; memory=1.00 GiB; seed=7", "wait=10"),
    ],
)
def test_least_limit_applies(
    client: TestClient,
    request_body: dict[str, Any],
    asked: str,
    prefer: str | None,
    applied: str,
    preference: str | None,
) -> None:
    """The request's limit, the client's patience and the server's maximum: the least one counts."""
    limits = {"time_limit_ns": asked, "memory_limit_bytes": "1 GiB", "seed": 7}
    headers = {} if prefer is None else {"Prefer": prefer}
    response = client.post("/v1/plans", json={**request_body, "limits": limits}, headers=headers)
    assert response.headers["Edgeplan-Limits"] == applied
    assert response.headers.get("Preference-Applied") == preference


def test_memory_is_cut_to_the_maximum(request_body: dict[str, Any]) -> None:
    """A server's memory maximum stands above the request."""
    settings = Settings(slots=1, max_memory_limit=2**28)
    with TestClient(create_app(settings)) as small:
        response = small.post("/v1/plans", json=request_body)
    assert "memory=256.00 MiB" in response.headers["Edgeplan-Limits"]


class _Held:
    """Stands in for the planner: a solve that runs until it is cancelled."""

    def __init__(self, certificate: Certificate) -> None:
        self.begun = threading.Event()
        self.cancelled = threading.Event()
        self._certificate = certificate

    def plan(self, _request: PlanRequest, *, cancel: threading.Event) -> Certificate:
        """Wait to be cancelled."""
        self.begun.set()
        if cancel.wait(20):
            self.cancelled.set()
        return self._certificate


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> _Held:
    """A planner that holds its slot."""
    certificate = Certificate(grade=Grade.UNKNOWN, unit="ns", problem_digest="", timings_ns={})
    planner = _Held(certificate)
    monkeypatch.setattr(answers, "plan", planner.plan)
    return planner


def test_no_free_slot(held: _Held, request_body: dict[str, Any]) -> None:
    """With all slots busy a solve is refused at once: 503, and when to come back."""
    app = create_app(Settings(slots=1))
    limited = {**request_body, "limits": {"time_limit_ns": "9 s"}}
    with TestClient(app) as busy:
        first = threading.Thread(target=busy.post, args=("/v1/plans",), kwargs={"json": limited})
        first.start()
        assert held.begun.wait(10)
        for response in (busy.post("/v1/plans", json=limited), busy.get("/readyz")):
            assert response.status_code == 503
            assert response.json()["type"] == "urn:edgeplan:problem:no-free-slot"
            assert 1 <= int(response.headers["Retry-After"]) <= 9
        assert busy.get("/livez").status_code == 200
        app.state.slots.cancel_all()
        first.join()
        assert busy.get("/readyz").json() == {"status": "ok", "slots": 1, "free": 1}


_SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/v1/plans",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json")],
}
_BODY = {"type": "http.request", "body": json.dumps({"problem": EXAMPLE.problem}).encode()}


async def _send(_message: Any) -> None:
    """Nobody listens."""


def test_client_that_hangs_up_ends_the_solve(held: _Held) -> None:
    """A disconnect sets the solve's cancel event and frees the slot."""
    app = create_app(Settings(slots=1))
    messages: list[dict[str, Any]] = [_BODY]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await to_thread.run_sync(held.begun.wait, 10)
        return {"type": "http.disconnect"}

    asyncio.run(app(_SCOPE, receive, _send))
    assert held.cancelled.is_set()
    assert app.state.slots.free == 1


def test_request_that_is_given_up_ends_the_solve(held: _Held) -> None:
    """A server that gives a request up at its own end stops the solve behind it, too."""
    app = create_app(Settings(slots=1))
    messages: list[dict[str, Any]] = [_BODY]

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.sleep(20)
        return messages.pop()

    async def give_up() -> None:
        request = asyncio.create_task(app(_SCOPE, receive, _send))
        await to_thread.run_sync(held.begun.wait, 10)
        request.cancel()
        await asyncio.wait([request])
        await to_thread.run_sync(held.cancelled.wait, 10)

    asyncio.run(give_up())
    assert held.cancelled.is_set()
    assert app.state.slots.free == 1
