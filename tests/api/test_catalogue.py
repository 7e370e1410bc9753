"""GET /v1/kinds and /v1/solvers say what the registries say."""

from fastapi.testclient import TestClient

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
    rows = client.get("/v1/solvers").json()
    assert rows
    for row in rows:
        known = entry(row["kind"], row["name"])
        assert known is not None
        assert row["summary"] == known.summary
        assert row["traits"] == vars(known.traits)
