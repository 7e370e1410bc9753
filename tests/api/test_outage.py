"""A table of jobs that goes away for a while costs time, and no answer."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError, DataError, OperationalError

from api import answers
from api.app import create_app
from api.jobs import leases, runner
from api.jobs.engine import connect
from api.jobs.nouns import Operation
from api.jobs.store import NewJob, Store
from api.settings import Settings
from tests.api.conftest import EXAMPLE
from tests.api.held import Held


def _away(
    real: Callable[..., Any], times: int, fault: type[DatabaseError] = OperationalError
) -> Callable[..., Any]:
    """A function that finds no database so many times, and then works."""
    left = iter(range(times))

    def call(*arguments: Any, **more: Any) -> Any:
        if next(left, None) is not None:
            raise fault("a statement", None, Exception("the database is away"))
        return real(*arguments, **more)

    return call


@pytest.mark.parametrize("fault", [OperationalError, DatabaseError])
@pytest.mark.parametrize("name", ["finish", "report", "renew", "take", "expire"])
def test_answer_survives(
    name: str, fault: type[DatabaseError], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a worker writes while the database is away, its job ends with its answer."""
    monkeypatch.setattr(leases, name, _away(getattr(leases, name), 2, fault))
    settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}")
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/plans", json=body)
        assert answer.json()["objective"] == EXAMPLE.objective
        job = client.get(answer.headers["Location"]).json()
        assert (job["state"], job["progress"]["objective"]) == ("done", EXAMPLE.objective)
        assert client.get("/readyz").status_code == 200


def test_lost_end_is_found_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A job whose end could not be written in time is answered without a restart."""
    monkeypatch.setattr(runner, "_WRITE_FOR_S", 0.0)
    monkeypatch.setattr(leases, "finish", _away(leases.finish, 1))
    monkeypatch.setattr(leases, "LEASE_NS", 10**9)
    settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}")
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/plans", json=body, headers={"Prefer": "wait=9"})
        assert answer.status_code == 200
        assert client.get(answer.headers["Location"]).json()["attempt"] == 2


def test_start_without_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server starts though it cannot queue again what was left running; it does so later."""
    monkeypatch.setattr(leases, "LEASE_NS", 10**8)
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    engine = connect(url)
    new = NewJob("local", Operation.PLAN, "pipeline_partition", "ns", json.dumps(body), "", "")
    store = Store(engine)
    store.submit([new], 9, lambda *_: None)
    left = leases.take(store, "a server that was killed")
    assert left is not None
    engine.dispose()
    monkeypatch.setattr(leases, "release", _away(leases.release, 1))
    with TestClient(create_app(Settings(slots=1, db=url))) as client:
        address = f"/v1/jobs/{left['id']}/result"
        for _ in range(200):
            found = client.get(address)
            if found.status_code == 200:
                break
            time.sleep(0.05)
        assert found.json()["objective"] == EXAMPLE.objective


def test_mistakes_are_not_outages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that is wrong by itself is a mistake (500): to come again would not help."""
    monkeypatch.setattr(Store, "get", _away(Store.get, 1, DataError))
    answer = client.get("/v1/jobs/any")
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:edgeplan:problem:internal"


@pytest.mark.parametrize("fault", [OperationalError, DatabaseError])
def test_client_is_told_to_come_again(
    client: TestClient, fault: type[DatabaseError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its table the service is away for a while (503), and has made no mistake (500)."""
    monkeypatch.setattr(Store, "get", _away(Store.get, 1, fault))
    answer = client.get("/v1/jobs/any")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:edgeplan:problem:no-database"


@pytest.mark.parametrize("one_slot", ["postgres"], indirect=True)
def test_lost_ticket(one_slot: TestClient, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose ticket went down with a worker is found in the table, and run."""
    held = Held()
    monkeypatch.setattr(answers, "plan", held.plan)
    for about in ("first", "second", "third", "fourth"):
        body = {"problem": {**EXAMPLE.problem, "about": about}, "limits": {"seed": len(about)}}
        headers = {"Prefer": "respond-async", "Cache-Control": "no-cache"}
        one_slot.post("/v1/plans", json=body, headers=headers)
    assert held.begun.acquire(timeout=10)
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM pgqueuer WHERE status = 'queued'"))
    engine.dispose()
    held.let_go.set()
    for _ in range(3):
        assert held.begun.acquire(timeout=10)
