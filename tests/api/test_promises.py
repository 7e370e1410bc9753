"""What waits for the disk: a promise to answer later does, an answer that goes out at once not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from api import answers
from api.app import create_app
from api.jobs import leases
from api.jobs.embedded import Embedded
from api.jobs.engine import connect
from api.jobs.nouns import JobState, Operation
from api.jobs.queue import Queue
from api.jobs.store import NewJob, Store
from api.settings import Settings
from tests.api.conftest import EXAMPLE
from tests.api.held import Held

_BODY = {"problem": EXAMPLE.problem, "solver": "dp"}


class _Watched:
    """A server on SQLite, and whether each transaction that wrote waited for the disk."""

    def __init__(self, engine: Engine, client: TestClient) -> None:
        self.http = client
        self.waits: list[str] = []
        event.listen(engine, "commit", self._see)

    def _see(self, connection: Any) -> None:
        if not connection.get_execution_options().get("reads"):
            self.waits.append(connection.info["waits"])


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[_Watched]:
    """One slot, and no sweeper in between."""
    engine = connect(f"sqlite:///{tmp_path / 'jobs.db'}")
    store = Store(engine)
    queue = Queue(store, Embedded(store, 1))
    queue.dispatcher._sweeper.start = lambda: None  # type: ignore[attr-defined]
    queue.dispatcher.run()
    with TestClient(create_app(Settings(slots=1), queue)) as client:
        yield _Watched(engine, client)
    queue.dispatcher._sweeper._thread.start()  # type: ignore[attr-defined]  # it is joined
    queue.drain()
    engine.dispose()


def test_answer_at_once_waits_for_no_disk(watched: _Watched) -> None:
    """Nobody was promised it: the request goes in, runs and ends without one."""
    assert watched.http.post("/v1/plans", json=_BODY).status_code == 200
    assert set(watched.waits) == {"NORMAL"}
    assert watched.http.app.state.queue.store._unpromised == set()  # type: ignore[attr-defined]


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
def test_promise_waits_for_the_disk(
    watched: _Watched, prefer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 202 the job is on the disk, and its end is before anyone hears of it."""
    held = Held()
    monkeypatch.setattr(answers, "plan", held.plan)
    answer = watched.http.post("/v1/plans", json=_BODY, headers={"Prefer": prefer})
    assert answer.status_code == 202
    assert "FULL" in watched.waits
    held.begun.acquire()
    watched.waits.clear()
    held.let_go.set()
    result = watched.http.get(f"{answer.headers['Location']}/result")
    while result.status_code == 202:
        result = watched.http.get(f"{answer.headers['Location']}/result")
    assert "FULL" in watched.waits


def _store(tmp_path: Path) -> Store:
    return Store(connect(f"sqlite:///{tmp_path / 'jobs.db'}"))


def _new(number: int, priority: int = 5) -> NewJob:
    return NewJob(
        owner="me",
        operation=Operation.PLAN,
        kind="pipeline_partition",
        unit="ns",
        request="{}",
        cache_key=str(number),
        body_hash=str(number),
        priority=priority,
    )


def test_what_ends_otherwise_is_no_promise_either(tmp_path: Path) -> None:
    """A job that is cancelled before anyone was promised it is not remembered for ever."""
    store = _store(tmp_path)
    (row,) = store.submit([_new(1)], 9, lambda *_: None, promised=False)
    assert store._unpromised == {row["id"]}
    store.cancel(row["id"])
    assert store._unpromised == set()


def test_settling_brings_all_to_the_disk(tmp_path: Path) -> None:
    """What was written without waiting is in the file itself afterwards, beside its log."""
    store = _store(tmp_path)
    store.submit([_new(1)], 9, lambda *_: None, promised=False)
    before = (tmp_path / "jobs.db").stat().st_size
    for number in range(2, 60):
        store.submit([_new(number)], 99, lambda *_: None, promised=False)
    assert (tmp_path / "jobs.db").stat().st_size == before
    store.settle()
    assert (tmp_path / "jobs.db").stat().st_size > before


def test_places_in_one_query(tmp_path: Path) -> None:
    """By priority and then in order; what runs has none."""
    store = _store(tmp_path)
    asked = [_new(1), _new(2, priority=9), _new(3), _new(4)]
    rows = store.submit(asked, 9, lambda *_: None)
    taken = leases.take(store, "me")
    assert taken is not None
    assert taken["id"] == rows[1]["id"]
    page = store.page(None)
    statements: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    places = store.positions(page)
    assert places == {rows[0]["id"]: 1, rows[2]["id"]: 2, rows[3]["id"]: 3}
    assert len(statements) == 1
    assert [store.position(row) for row in rows[2:]] == [2, 3]


def test_all_leases_are_renewed_at_once(tmp_path: Path) -> None:
    """Those that are ours still, and no other's."""
    store = _store(tmp_path)
    store.submit([_new(number) for number in range(3)], 9, lambda *_: None)
    held = [leases.take(store, "me") for _ in range(3)]
    rows = [row for row in held if row is not None]
    leases.finish(store, rows[0], JobState.DONE, {})
    stolen = dict(rows[1]) | {"lease": "of another"}
    found = leases.renew(store, [rows[0], stolen, rows[2]])  # type: ignore[list-item]
    assert found == {rows[2]["lease"]: False}
    now = store.get(rows[2]["id"], None)
    assert now is not None
    assert now["lease_until_ns"] > rows[2]["lease_until_ns"]


def test_batch_of_known_answers_waits_for_the_disk(watched: _Watched) -> None:
    """It names jobs to come back to, though all have ended."""
    assert watched.http.post("/v1/plans", json=_BODY).json()["grade"] == "optimal"
    watched.waits.clear()
    (job,) = watched.http.post("/v1/batches", json={"requests": [_BODY]}).json()["jobs"]
    assert job["result_from"] is not None
    assert "FULL" in watched.waits
