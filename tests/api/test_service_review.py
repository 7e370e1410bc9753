"""What clients can send, and hosts can do, that must cost neither a plan nor a status 500."""

import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api import answers
from api.app import create_app
from api.examples import EXAMPLES
from api.jobs import leases, tickets
from api.jobs.reporter import Reporter
from api.jobs.schema import jobs
from api.jobs.store import Store
from api.settings import Settings
from models.problems import KINDS
from models.result import Limits
from planner import service
from planner.race import Event
from planner.verify import verify
from tests.api.conftest import EXAMPLE
from tests.api.held import Held

_ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def busy(one_slot: TestClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A service whose only slot is taken, on either dispatcher."""
    held = Held()
    monkeypatch.setattr(answers, "plan", held.plan)
    one_slot.post("/v1/plans", json=_body("first"), headers=_ASYNC)
    assert held.begun.acquire(timeout=20)
    monkeypatch.undo()
    yield one_slot
    held.let_go.set()


def _body(about: str, seed: int = 0) -> dict[str, Any]:
    return {"problem": {**EXAMPLE.problem, "about": about}, "limits": {"seed": seed}}


def _store(client: TestClient) -> Store:
    found: Store = client.app.state.queue.store  # type: ignore[attr-defined]  # Starlette's app
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_events_bring_the_best_plan(kind: str) -> None:
    """Whoever finds it, and though it comes with a claim: what is told is what a crash leaves."""
    problem, _ = EXAMPLES[kind].nouns()
    told: list[Event] = []
    found = service.plan(problem, Limits(time_limit_ns=20 * 10**9), listen=told.append)
    brought = [event for event in told if event.plan is not None]
    for event in brought:
        assert event.plan is not None
        assert verify(problem, event.plan).objective == event.objective
    objectives = [event.objective or 0 for event in brought]
    assert objectives == sorted(objectives, reverse=True)
    assert objectives[-1] == found.objective
    assert brought[-1].plan_from is not None


def test_first_plan_told_is_written(busy: TestClient) -> None:
    """The table has the plan of the objective that it shows."""
    store = _store(busy)
    told: list[Event] = []
    problem, plan = EXAMPLE.nouns()
    limits = Limits(time_limit_ns=20 * 10**9)
    service.plan(problem, limits, hint=plan, listen=told.append)
    row = store.page(None, limit=1)[0]
    reporter = Reporter(store, row, threading.Event())
    reporter.report(told[0])
    reporter.flush()
    row = store.page(None, limit=1)[0]
    assert (row["plan_from"], row["objective"]) == ("hint", str(EXAMPLE.objective))
    assert row["plan"] == plan.model_dump_json()


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_interrupted_job_keeps_its_plan(busy: TestClient, how: str) -> None:
    """A job that waits again, because its process went, still has the plan it had."""
    timeout = "?queue_timeout=1%20ms" if how == "expired" else ""
    job = busy.post(f"/v1/plans{timeout}", json=_body("x", 7), headers=_ASYNC).json()
    _, plan = EXAMPLE.nouns()
    known = {"plan": plan.model_dump_json(), "plan_from": "dp", "objective": "1"}
    begun = {} if how == "expired" else {"started_ns": time.time_ns()}
    with _store(busy).begin() as connection:
        here = jobs.c.id == job["id"]
        connection.execute(update(jobs).where(here).values(**known, **begun))
    if how == "cancelled":
        assert busy.post(job["links"]["cancel"]).json()["state"] == "cancelled"
    else:
        busy.get(job["links"]["events"])
    assert busy.get(job["links"]["self"]).json()["state"] == how
    result = busy.get(job["links"]["result"])
    assert result.status_code == 200
    assert result.json()["objective"] == EXAMPLE.objective


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_job_that_ended_with_nothing(busy: TestClient, how: str) -> None:
    """Whoever submits it again, or asks for its result, is not told to wait (202): 409."""
    timeout = "?queue_timeout=1%20ms" if how == "expired" else ""
    key = {"Idempotency-Key": how, **_ASYNC}
    job = busy.post(f"/v1/plans{timeout}", json=_body("x", 21), headers=key).json()
    if how == "cancelled":
        busy.post(job["links"]["cancel"])
    else:
        time.sleep(0.01)
        leases.expire(_store(busy))
    again = busy.post(f"/v1/plans{timeout}", json=_body("x", 21), headers=key)
    for answer in (again, busy.get(job["links"]["result"])):
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:edgeplan:problem:conflict"
        assert f"is {how}" in answer.json()["detail"]
        assert answer.headers["Location"] == job["links"]["self"]


def test_started_job_does_not_expire(busy: TestClient) -> None:
    """It did not wait too long: its process went."""
    address = "/v1/plans?queue_timeout=1%20h"
    job = busy.post(address, json=_body("x", 8), headers=_ASYNC).json()
    with _store(busy).begin() as connection:
        was = {"expires_ns": 1, "started_ns": 1}
        connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(**was))
    leases.expire(_store(busy))
    assert busy.get(job["links"]["self"]).json()["state"] == "queued"


@pytest.mark.parametrize("path", ["/v1/jobs/%00", "/v1/jobs/%00/events", "/v1/jobs?batch=%00"])
def test_nul_is_refused(one_slot: TestClient, path: str) -> None:
    """PostgreSQL takes no text with NUL."""
    assert one_slot.get(path).status_code in {404, 422}


@pytest.mark.parametrize("timeout", ["99999999 h", "-5 s", "1e30 s"])
def test_queue_timeout_has_a_range(one_slot: TestClient, timeout: str) -> None:
    """Beyond it, the table has no room."""
    answer = one_slot.post("/v1/plans", params={"queue_timeout": timeout}, json=_body("x"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/queue_timeout"


def test_last_event_id_has_a_range(busy: TestClient) -> None:
    """Beyond it, the table has no room."""
    events = busy.get("/v1/jobs").json()["jobs"][0]["links"]["events"]
    for number, status in ((2**31, 422), (10**30, 422)):
        answer = busy.get(events, headers={"Last-Event-ID": str(number)})
        assert answer.status_code == status


def test_key_of_a_batch_is_for_all(busy: TestClient) -> None:
    """The longest key fits; the same key with another batch is refused, whatever they share."""
    one, two = _body("one", 1), _body("two", 2)
    key = {"Idempotency-Key": "k" * 196}
    first = busy.post("/v1/batches", json={"requests": [one, two]}, headers=key)
    again = busy.post("/v1/batches", json={"requests": [one, two]}, headers=key)
    assert first.status_code == 202
    assert [job["id"] for job in first.json()["jobs"]] == [
        job["id"] for job in again.json()["jobs"]
    ]
    for requests in ([one], [one, two, one]):
        other = busy.post("/v1/batches", json={"requests": requests}, headers=key)
        assert other.status_code == 422


def test_wait_comes_before_respond_async(one_slot: TestClient) -> None:
    """RFC 7240, §4.3: with both, the answer is awaited that long."""
    both = {"Prefer": "respond-async, wait=20"}
    assert one_slot.post("/v1/plans", json=_body("x", 9), headers=both).status_code == 200


def test_etag_knows_the_place_in_the_queue(busy: TestClient) -> None:
    """A job that moves up has changed."""
    first, second = (
        busy.post("/v1/plans", json=_body("x", seed), headers=_ASYNC).json() for seed in (11, 12)
    )
    tag = {"If-None-Match": busy.get(second["links"]["self"]).headers["ETag"]}
    assert busy.get(second["links"]["self"], headers=tag).status_code == 304
    busy.post(first["links"]["cancel"])
    moved = busy.get(second["links"]["self"], headers=tag)
    assert (moved.status_code, moved.json()["position"]) == (200, 1)


@pytest.mark.parametrize("one_slot", ["postgres"], indirect=True)
def test_fast_clock_steals_no_job(busy: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are measured by the clock of the database, not by those of the hosts."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 60 * 10**9)
    assert leases.release(_store(busy), lambda *_: None, lapsed=True) == 0


@pytest.mark.parametrize("one_slot", ["postgres"], indirect=True)
def test_tickets_are_forgotten(one_slot: TestClient) -> None:
    """What PGQueuer notes of every job does not grow for ever."""
    one_slot.post("/v1/plans", json=_body("x", 13))
    store = _store(one_slot)
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE pgqueuer_log SET created = now() - interval '1 day'")
    tickets.forget(store)
    with store.reading() as connection:
        old = "SELECT count(*) FROM pgqueuer_log WHERE created < now() - interval '1 hour'"
        assert connection.exec_driver_sql(old).scalar_one() == 0


def test_methods_of_requests_are_few(client: TestClient) -> None:
    """A client cannot make the page of metrics grow."""
    client.request("ODDITY", "/v1/plans")
    assert "ODDITY" not in client.get("/metrics").text


def test_faults_of_the_database_tell_no_values(one_slot: TestClient) -> None:
    """They go into the log; what customers ask does not."""
    assert _store(one_slot)._engine.hide_parameters


def test_file_is_the_owners(tmp_path: Path) -> None:
    """Other users of the host do not read what customers ask."""
    path = tmp_path / "jobs.db"
    with TestClient(create_app(Settings(slots=1, db=f"sqlite:///{path}"))) as client:
        client.get("/v1/jobs")
        for file in tmp_path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
