"""What the tests of the doors share."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.examples import EXAMPLES
from api.jobs.engine import connect
from api.jobs.pgqueue import Worker
from api.jobs.store import Store
from api.settings import SECOND_NS, Settings
from tests.postgres import missing, running

EXAMPLE = EXAMPLES["pipeline_partition"]
INSTANCE = "jupiter-b-13b-100m"


def edgeplan(*arguments: str | Path, stdin: str | bytes | None = None) -> Any:
    """Run the command line."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture(scope="session")
def client() -> Iterator[TestClient]:
    """A server with two slots that grants ten seconds."""
    settings = Settings(slots=2, max_time_limit=10 * SECOND_NS, max_body_bytes=100_000)
    with TestClient(create_app(settings), raise_server_exceptions=False) as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database of the tests' own."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with running() as (url, _):
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def one_slot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestClient]:
    """A service with one slot and no jobs, on either dispatcher."""
    if request.param == "sqlite":
        settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}")
        with TestClient(create_app(settings)) as client:
            yield client
        return
    settings = Settings(db=request.getfixturevalue("postgres"))
    engine = connect(settings.db or "")
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE jobs, events, deliveries, pgqueuer"))
    worker = Worker(Store(engine), engine, 1)
    thread = threading.Thread(target=worker.run)
    thread.start()
    with TestClient(create_app(settings)) as client:
        yield client
    worker.drain()
    thread.join()
    engine.dispose()


@pytest.fixture
def request_body() -> dict[str, Any]:
    """A plan request for the example."""
    return {"problem": EXAMPLE.problem, "solver": "dp"}


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """A file with the example's problem."""
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(EXAMPLE.problem), encoding="utf-8")
    return path


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A file with the example's plan."""
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(EXAMPLE.plan), encoding="utf-8")
    return path
