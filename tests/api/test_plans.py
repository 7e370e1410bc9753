"""POST /v1/plans: certificates, limits, slots, clients that hang up."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from models.result import Certificate, Grade
from tests.api.conftest import EXAMPLE


def test_answers_with_a_certificate(client: TestClient, request_body: dict[str, Any]) -> None:
    """A solved problem is 200 with the proved plan of the example."""
    response = client.post("/v1/plans", json=request_body)
    assert response.status_code == 200
    certificate = Certificate.model_validate_json(response.text)
    assert certificate.grade is Grade.OPTIMAL
    assert certificate.objective == EXAMPLE.objective
    assert certificate.plan == EXAMPLE.nouns()[1]


def test_takes_yaml(client: TestClient) -> None:
    """A body may be YAML."""
    text = f"problem: {EXAMPLE.problem}\nsolver: dp\n"
    response = client.post("/v1/plans", content=text, headers={"Content-Type": "application/yaml"})
    assert response.json()["objective"] == EXAMPLE.objective


def test_infeasible_is_an_answer(client: TestClient, request_body: dict[str, Any]) -> None:
    """A problem without a plan is 200, grade infeasible, and explained."""
    devices = [{**device, "memory_bytes": "300 MB"} for device in _devices(request_body)]
    graph = {**request_body["problem"]["device_graph"], "devices": devices}
    problem = {**request_body["problem"], "device_graph": graph}
    response = client.post("/v1/plans", json={**request_body, "problem": problem})
    assert response.status_code == 200
    assert response.json()["grade"] == "infeasible"
    assert response.json()["plan"] is None
    assert any("memory" in line for line in response.json()["explanation"])


def _devices(request_body: dict[str, Any]) -> list[dict[str, Any]]:
    devices: list[dict[str, Any]] = request_body["problem"]["device_graph"]["devices"]
    return devices


def test_hint_is_verified(client: TestClient, request_body: dict[str, Any]) -> None:
    """A hint is a run of its own, so that the answer is never worse."""
    response = client.post("/v1/plans", json={**request_body, "hint": EXAMPLE.plan})
    runs = {run["solver"]: run for run in response.json()["runs"]}
    assert runs["hint"]["objective"] == EXAMPLE.objective


@pytest.mark.parametrize(
    ("asked", "prefer", "applied", "preference"),
    [
        ("3 s", None, "time=3.00 s; memory=1.00 GiB; seed=7", None),
        ("3 s", "wait=2", "time=3.00 s; memory=1.00 GiB; seed=7", "wait=2"),
        ("3 s", "handling=strict, wait=60;x", "time=3.00 s; memory=1.00 GiB; seed=7", "wait=60"),
        ("3 s", "wait=soon", "time=3.00 s; memory=1.00 GiB; seed=7", None),
        ("1 h", "wait=100", "time=10.00 s; memory=1.00 GiB; seed=7", "wait=100"),
    ],
)
def test_least_limit_applies(
    client: TestClient,
    request_body: dict[str, Any],
    asked: str,
    prefer: str | None,
    applied: str,
    preference: str | None,
) -> None:
    """The request's limit and the server's maximum: the least one counts, whoever waits."""
    limits = {"time_limit_ns": asked, "memory_limit_bytes": "1 GiB", "seed": 7}
    headers = {} if prefer is None else {"Prefer": prefer}
    response = client.post("/v1/plans", json={**request_body, "limits": limits}, headers=headers)
    assert response.status_code == 200
    assert response.headers["Edgeplan-Limits"] == applied
    assert response.headers.get("Preference-Applied") == preference


def test_memory_is_cut_to_the_maximum(request_body: dict[str, Any]) -> None:
    """A server's memory maximum stands above the request."""
    settings = Settings(slots=1, max_memory_limit=2**28)
    with TestClient(create_app(settings)) as small:
        response = small.post("/v1/plans", json=request_body)
    assert "memory=256.00 MiB" in response.headers["Edgeplan-Limits"]
