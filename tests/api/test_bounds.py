"""What has been proved of a job is not forgotten, whoever runs it next."""

import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from api import answers
from api.app import create_app
from api.jobs.reporter import Reporter, tighter
from api.jobs.schema import jobs
from api.settings import Settings
from planner.race import Event, What
from tests.api.conftest import EXAMPLE
from tests.api.held import Held


@pytest.mark.parametrize(
    ("known", "told", "objective", "kept"),
    [
        (None, None, 5, None),
        (3, None, None, 3),
        (3, 2, 5, 3),
        (3, 4, 5, 4),
        (5, None, 5, 5),
        (6, 4, 5, 4),
        (6, None, 5, None),
    ],
)
def test_tighter(
    known: int | None, told: int | None, objective: int | None, kept: int | None
) -> None:
    """The greater bound is kept, unless a verified plan refutes it."""
    assert tighter(known, told, objective) == kept


def test_takeover_keeps_the_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An attempt that knows no bound, neither on its way nor at its end, leaves the earlier one."""
    held = Held()
    monkeypatch.setattr(answers, "plan", held.plan)
    app = create_app(Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}"))
    with TestClient(app) as client:
        store = app.state.queue.store
        addresses = []
        for seed in (1, 2):
            body = {"problem": EXAMPLE.problem, "limits": {"seed": seed}}
            job = client.post("/v1/plans", json=body, headers={"Prefer": "respond-async"}).json()
            addresses.append(job["links"]["self"])
        assert held.begun.acquire(timeout=20)
        with store.begin() as connection:
            connection.execute(update(jobs).values(lower_bound="7", objective="9"))
        runs = next(row for row in store.page(None) if row["state"] == "running")
        reporter = Reporter(store, runs, threading.Event())
        reporter.report(Event(0, "dp", What.STARTED, None, None))
        reporter.flush()
        progress = client.get(addresses[0]).json()["progress"]
        assert (progress["objective"], progress["lower_bound"]) == (9, 7)
        held.let_go.set()
        for _ in range(200):
            job = client.get(addresses[1]).json()
            if job["state"] == "done":
                break
            held.begun.acquire(timeout=0.05)
        assert (job["state"], job["progress"]["lower_bound"]) == ("done", 7)
