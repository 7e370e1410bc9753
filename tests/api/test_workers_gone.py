"""A service whose workers are all gone says so, and sees to what they held."""

import threading
import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text, update

from api.app import create_app
from api.jobs import tickets
from api.jobs.engine import connect
from api.jobs.pgqueue import Worker
from api.jobs.schema import jobs
from api.jobs.store import Store
from api.settings import Settings
from tests.api.conftest import EXAMPLE


def _in_time(holds: Callable[[], bool]) -> bool:
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_servers_see_to_it(postgres: str) -> None:
    """Not ready without a worker; a dead one's job waits again; ready while a worker is there."""
    engine = connect(postgres)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE jobs, events, deliveries, pgqueuer"))
    with TestClient(create_app(Settings(db=postgres))) as client:
        ready = client.get("/readyz")
        assert (ready.status_code, "no worker" in ready.json()["detail"]) == (503, True)
        body = {"problem": EXAMPLE.problem, "solver": "dp"}
        job = client.post("/v1/plans", json=body, headers={"Prefer": "respond-async"}).json()
        here = job["links"]["self"]
        dead = {"state": "running", "lease": "dead", "lease_until_ns": 1}
        with engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(**dead))
        assert _in_time(lambda: client.get(here).json()["state"] == "queued")
        worker = Worker(Store(engine), engine, 1)
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            assert _in_time(lambda: client.get("/readyz").status_code == 200)
            assert _in_time(lambda: client.get(here).json()["state"] == "done")
        finally:
            worker.drain()
            thread.join()
        assert _in_time(lambda: client.get("/readyz").status_code == 503)
    engine.dispose()


def test_worker_needs_no_ticket(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose ticket nobody brings is found by whoever has a free slot."""
    monkeypatch.setattr(tickets, "write", lambda *_: None)
    monkeypatch.setattr(tickets, "write_missing", lambda _: None)
    engine = connect(postgres)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE jobs, events, deliveries, pgqueuer"))
    worker = Worker(Store(engine), engine, 1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        with TestClient(create_app(Settings(db=postgres))) as client:
            body = {"problem": EXAMPLE.problem, "solver": "dp"}
            for seed in range(2):
                answer = client.post("/v1/plans", json={**body, "limits": {"seed": seed}})
                assert answer.json()["objective"] == EXAMPLE.objective
    finally:
        worker.drain()
        thread.join()
        engine.dispose()
