"""POST /v1/verifications and /v1/explanations."""

from typing import Any

from fastapi.testclient import TestClient

from tests.api.conftest import EXAMPLE

_LIMITS = {"time_limit_ns": "5 s"}


def test_accepts_the_right_plan(client: TestClient) -> None:
    """A plan that keeps to the rules has its objective recomputed, stage by stage."""
    body = {"problem": EXAMPLE.problem, "plan": EXAMPLE.plan}
    answer = client.post("/v1/verifications", json=body).json()
    assert (answer["accepted"], answer["violations"]) == (True, [])
    assert answer["objective"] == EXAMPLE.objective
    assert [row["device"] for row in answer["breakdown"]["rows"]] == ["camera", "box"]


def _overfull() -> dict[str, Any]:
    stages = [
        {"device": "camera", "start": 0, "stop": 2},
        {"device": "box", "start": 2, "stop": 4},
    ]
    return {"problem": EXAMPLE.problem, "plan": {**EXAMPLE.plan, "stages": stages}}


def test_refuses_a_plan_by_rule_and_amount(client: TestClient) -> None:
    """A plan that overfills a device is 200, with the rule and the excess, and no objective."""
    response = client.post("/v1/verifications", json=_overfull())
    assert response.status_code == 200
    assert response.json()["objective"] is None
    assert response.json()["accepted"] is False
    violation = {"rule": "memory", "where": "camera", "excess": 100_000_000, "unit": "bytes"}
    assert response.json()["violations"] == [violation]


def test_explains_a_plan(client: TestClient) -> None:
    """The explanation of a plan names what binds it."""
    body = {"problem": EXAMPLE.problem, "plan": EXAMPLE.plan, "limits": _LIMITS}
    answer = client.post("/v1/explanations", json=body).json()
    assert answer["objective"] == EXAMPLE.objective
    assert any("memory binds on camera" in line for line in answer["lines"])


def test_explains_a_problem(client: TestClient) -> None:
    """Without a plan the best one is found first."""
    answer = client.post("/v1/explanations", json={"problem": EXAMPLE.problem}).json()
    assert answer["objective"] == EXAMPLE.objective


def test_explains_a_refused_plan(client: TestClient) -> None:
    """A plan that breaks a rule is explained by that rule."""
    answer = client.post("/v1/explanations", json=_overfull()).json()
    assert answer["objective"] is None
    assert "memory" in answer["lines"][0]


def test_explains_why_there_is_none(client: TestClient) -> None:
    """For a problem without a plan the conflict and its repair are named."""
    problem = {**EXAMPLE.problem, "use_all_devices": True, "source_device": "box"}
    graph = {**problem["device_graph"], "links": []}
    body = {"problem": {**problem, "device_graph": graph}, "limits": _LIMITS}
    answer = client.post("/v1/explanations", json=body).json()
    assert answer["objective"] is None
    assert any("without use_all_devices there is a plan" in line for line in answer["lines"])
