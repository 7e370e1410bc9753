"""GET /livez and /readyz, and the probe behind the deep answer."""

import pytest
from fastapi.testclient import TestClient

from api import probe
from api.examples import EXAMPLES
from models.result import Limits
from solvers.registry import REGISTRY, Entry, entries
from tests.misbehaving import entry


def test_shallow(client: TestClient) -> None:
    """A server with free slots is alive and ready."""
    assert client.get("/livez").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "slots": 2, "free": 2}


def test_deep(client: TestClient) -> None:
    """The deep answer has solved the example of every kind."""
    assert client.get("/readyz?deep=1").status_code == 200


@pytest.mark.parametrize("kind", EXAMPLES)
def test_preferred_method_is_right(kind: str) -> None:
    """The probe finds the preferred method right, and says what it answered."""
    verdict = probe.probe(kind, entries(kind)[0])
    assert verdict.right
    assert "optimal" in verdict.words


def _only(monkeypatch: pytest.MonkeyPatch, method: Entry) -> None:
    monkeypatch.setitem(REGISTRY, "pipeline_partition", (method,))


@pytest.mark.parametrize("name", ["Raises", "Killed", "Denier"])
def test_wrong_methods_are_noticed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A method that raises, dies, or denies the plan makes the service not ready."""
    _only(monkeypatch, entry(name))
    response = client.get("/readyz?deep=1")
    assert response.status_code == 503
    assert response.json()["type"] == "urn:edgeplan:problem:not-ready"
    assert name in response.json()["detail"]


def test_probe_has_a_time_limit() -> None:
    """The probe's limits are seconds: a load balancer waits for it."""
    assert probe.LIMITS.time_limit_ns < Limits().time_limit_ns
