"""Those who run jobs: an attempt that comes back while another still runs, and rings unheard."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import answers
from api.app import create_app
from api.jobs import crew as crews
from api.jobs import embedded, leases
from api.jobs.crew import Crew
from api.jobs.embedded import Embedded
from api.jobs.engine import connect
from api.jobs.nouns import Operation
from api.jobs.store import NewJob, Store
from api.settings import Settings
from tests.api.conftest import EXAMPLE
from tests.api.held import Held


class _Runs:
    """Stands in for `runner.run`: every attempt runs until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.cancels: dict[str, threading.Event] = {}

    def run(self, _store: Any, row: Any, cancel: threading.Event, *_: Any) -> None:
        """Note the attempt, and hold it."""
        self.cancels[row["lease"]] = cancel
        self.let_go.wait(60)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> _Runs:
    """What crews run."""
    found = _Runs()
    monkeypatch.setattr(crews.runner, "run", found.run)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A table with one job that waits."""
    found = Store(connect(f"sqlite:///{tmp_path / 'jobs.db'}"))
    new = NewJob("me", Operation.PLAN, "pipeline_partition", "ns", "{}", "", "")
    found.submit([new], 9, lambda *_: None)
    return found


def _take(store: Store) -> Any:
    row = leases.take(store, "me")
    assert row is not None
    return row


def test_a_job_that_came_back_is_held_once(store: Store, runs: _Runs) -> None:
    """Of two attempts in one process the one without a lease ends, and the other goes on."""
    crew = Crew(store, lambda *_: None)
    first = _take(store)
    leases.release(store, lambda *_: None)
    second = _take(store)
    assert first["id"] == second["id"]
    threads = [threading.Thread(target=crew.run, args=(row,)) for row in (first, second)]
    for thread in threads:
        thread.start()
    while len(runs.cancels) < len(threads):
        time.sleep(0.01)
    assert crew.running == {first["id"]}
    crew.look(first["id"])
    assert runs.cancels[first["lease"]].is_set()
    assert not runs.cancels[second["lease"]].is_set()
    assert crew.cancel(first["id"])
    assert runs.cancels[second["lease"]].is_set()
    runs.let_go.set()
    for thread in threads:
        thread.join()
    assert crew.busy == 0


def test_a_job_taken_while_all_are_stopped_stops_too(store: Store, runs: _Runs) -> None:
    """Nobody would tell it later."""
    crew = Crew(store, lambda *_: None)
    row = _take(store)
    crew.drain()
    runs.let_go.set()
    crew.run(row)
    assert runs.cancels[row["lease"]].is_set()


def test_a_ring_between_the_look_and_the_wait_is_heard(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is committed as a slot goes to sleep does not wait for its next look."""
    monkeypatch.setattr(embedded, "_LOOK_AGAIN_S", 600)
    dispatcher = Embedded(store, 1)
    looks: list[None] = []

    def nothing_yet() -> bool:
        looks.append(None)
        dispatcher.ring()
        dispatcher._over = len(looks) > 1
        return False

    monkeypatch.setattr(dispatcher, "_serve_next", nothing_yet)
    slot = threading.Thread(target=dispatcher._serve, daemon=True)
    slot.start()
    slot.join(60)
    assert len(looks) == 2


def test_a_batch_wakes_as_many_as_it_has_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots that sleep do not find the second job a second later."""
    monkeypatch.setattr(embedded, "_LOOK_AGAIN_S", 600)
    held = Held()
    monkeypatch.setattr(answers, "plan", held.plan)
    with TestClient(create_app(Settings(slots=2))) as client:
        work = client.app.state.queue.dispatcher._work
        while len(work._waiters) < 2:  # both slots have looked, and sleep
            time.sleep(0.01)
        asked = [{"problem": EXAMPLE.problem, "limits": {"seed": seed}} for seed in range(2)]
        assert client.post("/v1/batches", json={"requests": asked}).status_code == 202
        assert held.begun.acquire(timeout=60)
        assert held.begun.acquire(timeout=60)
        held.let_go.set()
