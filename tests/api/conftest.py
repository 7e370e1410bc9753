"""What the tests of the doors share."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.examples import EXAMPLES
from api.settings import SECOND_NS, Settings

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
