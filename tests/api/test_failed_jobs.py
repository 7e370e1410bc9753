"""Jobs whose methods fail: tried once another way, then failed, with the last verified plan."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.examples import EXAMPLES
from api.settings import Settings
from planner import strategy
from solvers.base import Traits
from solvers.registry import REGISTRY, Entry, entries
from tests.misbehaving import entry
from tests.small import two_devices

_KIND = "pipeline_partition"


@pytest.fixture(scope="module")
def served() -> Iterator[TestClient]:
    """A server with one slot."""
    with TestClient(create_app(Settings(slots=1))) as client:
        yield client


def _only(monkeypatch: pytest.MonkeyPatch, *methods: Entry, lanes: tuple[str, ...]) -> None:
    monkeypatch.setitem(REGISTRY, _KIND, methods)
    monkeypatch.setitem(strategy._LANES, _KIND, (lanes,))


def _post(served: TestClient, **more: Any) -> Any:
    body = {"problem": json.loads(two_devices().model_dump_json()), **more}
    return served.post("/v1/plans", json=body, headers={"Cache-Control": "no-cache"})


def _job(served: TestClient, response: Any) -> dict[str, Any]:
    found: dict[str, Any] = served.get(response.headers["Location"]).json()
    return found


def test_another_way(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Methods that the strategy left out run when all it chose have failed."""
    honest = next(item for item in entries(_KIND) if item.name == "dp")
    _only(monkeypatch, entry("Killed"), honest, lanes=("Killed",))
    response = _post(served)
    assert response.status_code == 200
    assert response.json()["grade"] == "optimal"
    reasons = {run["solver"]: run["reason"] for run in response.json()["runs"]}
    assert reasons["Killed"] == "failed"
    assert reasons["dp"] == "completed"
    assert _job(served, response)["state"] == "done"


def test_all_fail_after_a_plan(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job has failed and says why; its last verified plan is its result."""
    _only(monkeypatch, entry("Killed"), entry("Raises"), lanes=("Killed",))
    response = _post(served)
    assert response.status_code == 200
    assert response.json()["plan"] is not None
    reasons = {run["solver"]: run["reason"] for run in response.json()["runs"]}
    assert (reasons["Killed"], reasons["Raises"]) == ("failed", "failed")
    job = _job(served, response)
    assert job["state"] == "failed"
    assert "Killed: " in job["failure"]
    assert "Raises: " in job["failure"]


def test_all_fail_without_a_plan(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a plan the answer is the problem document, also when it is asked for later."""
    traits = Traits(exact=True, bounds=True, deterministic=True, family="none")
    _only(monkeypatch, Entry("absent", "nowhere:Nothing", traits, "absent"), lanes=("absent",))
    response = _post(served)
    assert response.status_code == 500
    assert response.json()["type"] == "urn:edgeplan:problem:solve-failed"
    location = response.headers["Location"]
    assert served.get(f"{location}/result").status_code == 500
    assert served.get(location).json()["state"] == "failed"
    lines = served.get(f"{location}/explanation").json()["lines"]
    assert any(line.startswith("absent: ") for line in lines)


def test_out_of_memory(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job whose methods all ran out of memory says so, and the next one is answered."""
    _only(monkeypatch, entry("Greedy"), lanes=("Greedy",))
    response = _post(served, limits={"memory_limit_bytes": "512 MiB"})
    job = _job(served, response)
    assert job["state"] == "failed"
    assert response.json()["runs"][0]["reason"] == "memory-limit"
    monkeypatch.undo()
    assert _post(served).json()["grade"] == "optimal"


def test_one_method_asked_for(served: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked for one method by name is not answered by another."""
    honest = next(item for item in entries(_KIND) if item.name == "dp")
    _only(monkeypatch, entry("Killed"), honest, lanes=("Killed",))
    response = _post(served, solver="Killed")
    assert [run["solver"] for run in response.json()["runs"]] == ["Killed"]
    assert _job(served, response)["state"] == "failed"


def test_no_time_for_a_sweep(served: TestClient) -> None:
    """A frontier that is not swept in time has failed for that reason; nobody made a mistake."""
    problem = EXAMPLES["expert_selection"].problem
    body = {"problem": problem, "budget": "energy", "limits": {"time_limit_ns": "1 ns"}}
    response = served.post("/v1/frontiers", json=body)
    assert response.status_code == 500
    assert response.json()["type"] == "urn:edgeplan:problem:solve-failed"
    assert "ran out of time" in response.json()["detail"]
    assert _job(served, response)["state"] == "failed"
