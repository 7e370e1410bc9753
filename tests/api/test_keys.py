"""API keys: who may do what, and who sees whose jobs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api import keys
from api.app import create_app
from api.cli import app
from api.jobs.engine import open_tables
from api.jobs.store import Store
from api.keys import Scope
from api.settings import Settings
from tests.api.conftest import EXAMPLE


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the keys of this module are kept."""
    return f"sqlite:///{tmp_path_factory.mktemp('keys') / 'jobs.db'}"


@pytest.fixture(scope="module")
def guarded(url: str) -> Iterator[TestClient]:
    """A server that requires keys."""
    with TestClient(create_app(Settings(slots=1, require_keys=True, db=url))) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(url: str) -> dict[str, str]:
    """Name -> token: two users, one who only reads, one who only submits, an administrator."""
    engine = open_tables(url)
    store = Store(engine)
    both = frozenset({Scope.SUBMIT, Scope.READ})
    wanted = {
        "ann": both,
        "bob": both,
        "reader": frozenset({Scope.READ}),
        "sender": frozenset({Scope.SUBMIT}),
        "root": frozenset({Scope.ADMIN}),
    }
    found = {name: keys.add(store, name, scopes, 2) for name, scopes in wanted.items()}
    engine.dispose()
    return found


def _as(tokens: dict[str, str], name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[name]}"}


@pytest.fixture
def job(guarded: TestClient, tokens: dict[str, str]) -> str:
    """The address of a job of ann's that has ended."""
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    response = guarded.post("/v1/plans", json=body, headers=_as(tokens, "ann"))
    assert response.status_code == 200
    return response.headers["Location"]


def _addresses() -> list[tuple[str, str]]:
    paths = create_app(Settings(slots=1)).openapi()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


# Nothing there is anybody's: what the methods are, schemas, and whether the server works.
_OPEN = {"/v1/kinds", "/v1/solvers", "/v1/schemas", "/v1/schemas/{name}"}
_OPEN |= {"/livez", "/readyz", "/metrics"}


@pytest.mark.parametrize(("method", "path"), _addresses())
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer ep_wrong"}], ids=["no", "wrong"])
def test_stranger(guarded: TestClient, headers: dict[str, str], method: str, path: str) -> None:
    """Without a valid key every address is 401, but for those that are nobody's."""
    response = guarded.request(method, path.replace("{", "").replace("}", ""), headers=headers)
    if path in _OPEN:
        assert response.status_code != 401
    else:
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.json()["type"] == "urn:edgeplan:problem:unauthorized"


def test_scopes(guarded: TestClient, tokens: dict[str, str], job: str) -> None:
    """A key does what its scopes say, else 403; an administrator's does everything."""
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    statuses = {
        name: (
            guarded.post("/v1/plans", json=body, headers=_as(tokens, name)).status_code,
            guarded.get("/v1/jobs", headers=_as(tokens, name)).status_code,
        )
        for name in ("ann", "reader", "sender", "root")
    }
    assert statuses["ann"] == statuses["root"] == (200, 200)
    assert statuses["reader"] == (403, 200)
    assert statuses["sender"] == (200, 403)
    assert guarded.delete(job, headers=_as(tokens, "reader")).status_code == 403


def test_jobs_of_others(guarded: TestClient, tokens: dict[str, str], job: str) -> None:
    """Another owner's job is not there: 404, whatever is asked; an administrator sees all."""
    for part in ("", "/result", "/events", "/explanation"):
        assert guarded.get(job + part, headers=_as(tokens, "bob")).status_code == 404
    assert guarded.post(f"{job}:cancel", headers=_as(tokens, "bob")).status_code == 404
    assert guarded.post(f"{job}/revisions", json={}, headers=_as(tokens, "bob")).status_code == 404
    assert guarded.delete(job, headers=_as(tokens, "bob")).status_code == 404
    listed = guarded.get("/v1/jobs", headers=_as(tokens, "bob")).json()["jobs"]
    assert job.rpartition("/")[2] not in {item["id"] for item in listed}
    assert guarded.get(job, headers=_as(tokens, "root")).status_code == 200
    seen = guarded.get("/v1/jobs", headers=_as(tokens, "root")).json()["jobs"]
    assert job.rpartition("/")[2] in {item["id"] for item in seen}


def test_idempotency_keys_of_others(guarded: TestClient, tokens: dict[str, str]) -> None:
    """The same idempotency key of two owners means two jobs."""
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    found = {
        guarded.post(
            "/v1/plans", json=body, headers={**_as(tokens, name), "Idempotency-Key": "k"}
        ).headers["Location"]
        for name in ("ann", "bob", "ann")
    }
    assert len(found) == 2


def test_command_line(tmp_path: Path) -> None:
    """Keys are made, shown once, listed without their tokens, and revoked."""

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["keys", *arguments, "--db", f"sqlite:///{tmp_path}/k.db"])

    added = run("add", "ann", "--scope", "read")
    token = added.stdout.strip()
    assert token.startswith("ep_")
    assert run("add", "ann").exit_code == 64
    assert run("add", "eve", "--scope", "everything").exit_code == 64
    listed = run("list").stdout
    assert "ann" in listed
    assert token not in listed
    assert run("revoke", "ann").exit_code == 0
    assert run("revoke", "ann").exit_code == 64
    with (tmp_path / "k.db").open("rb") as file:
        assert token.encode() not in file.read()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "it asks for no API keys"),
        ({"EDGEPLAN_REQUIRE_KEYS": "1"}, "keys are required, and there is none"),
    ],
)
def test_refuses_to_listen_without_keys(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    """`serve` off the loopback does not start without keys, nor where none has been made."""
    options = ["--host", "0.0.0.0", "--port", "0", "--db", f"sqlite:///{tmp_path}/k.db"]
    result = CliRunner().invoke(app, ["serve", *options], env=variables)
    assert result.exit_code == 64
    assert said in " ".join(result.output.replace("│", " ").split())
