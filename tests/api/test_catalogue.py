"""GET /v1/kinds and /v1/solvers say what the registries say."""

import pytest
from fastapi.testclient import TestClient

from api import builds
from models.problems import KINDS
from planner.certify import UNITS
from solvers.registry import entry


def test_kinds(client: TestClient) -> None:
    """Every kind is listed with its mathematics, its objectives and its unit."""
    found = {row["kind"]: row for row in client.get("/v1/kinds").json()}
    assert list(found) == list(KINDS)
    for kind, row in found.items():
        assert row["unit"] == UNITS[kind]
        assert row["title"]
        assert row["statement"]
    assert found["pipeline_partition"]["objectives"] == ["latency", "throughput", "makespan"]


def test_solvers(client: TestClient) -> None:
    """Every method is listed, with what it promises, without being loaded."""
    rows = client.get("/v1/solvers").json()["methods"]
    assert rows
    for row in rows:
        known = entry(row["kind"], row["name"])
        assert known is not None
        assert row["summary"] == known.summary
        assert row["traits"] == vars(known.traits)


def test_builds(client: TestClient) -> None:
    """The installed packages are listed with their versions; the pinned ones are not bad."""
    found = {row["package"]: row for row in client.get("/v1/solvers").json()["builds"]}
    assert list(found) == list(builds.PACKAGES)
    assert found["highspy"]["version"] == builds.installed("highspy")
    assert not found["highspy"]["known_bad"]
    assert "presolve" in found["highspy"]["reason"]


def test_bad_builds_are_named(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build known to answer wrongly, and a missing package, are marked with the reason."""
    monkeypatch.setattr(builds, "installed", {"highspy": "1.14.0", "numpy": "2.0"}.get)
    found = {row["package"]: row for row in client.get("/v1/solvers").json()["builds"]}
    assert found["highspy"]["known_bad"]
    assert "wrongly with status Optimal" in found["highspy"]["reason"]
    assert (found["ortools"]["version"], found["ortools"]["known_bad"]) == (None, True)
    assert (found["numpy"]["known_bad"], found["numpy"]["reason"]) == (False, None)
