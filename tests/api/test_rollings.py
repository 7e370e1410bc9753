"""Placements that follow what is observed, through both doors."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api import answers_experts
from api.examples import EXAMPLES
from tests.api.conftest import edgeplan

_PROBLEM = EXAMPLES["offload_placement"].problem
_STEPS = [
    {"name": "load drifts", "activations": {"layer-0": [[90, 10]]}},
    {"name": "less memory", "memory_bytes": {"gpu": "10 MB"}},
]


def test_http(client: TestClient) -> None:
    """POST /v1/rollings answers with a plan per step; what the problem lacks is refused."""
    body = {"problem": _PROBLEM, "steps": _STEPS, "weight_ppm": 10**6}
    answer = client.post("/v1/rollings", json=body)
    assert answer.status_code == 200
    steps = answer.json()["steps"]
    assert [step["grade"] for step in steps] == ["optimal"] * 3
    assert [step["moved"] for step in steps] == [0, 1, 0]
    assert steps[0]["latency_ns"] == EXAMPLES["offload_placement"].objective
    assert steps[2]["kept_ns"] is None
    wrong = [{"name": "odd", "activations": {"layer-9": [[1, 1]]}}]
    refused = client.post("/v1/rollings", json={**body, "steps": wrong})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/steps/0/activations/layer-9"


def test_command_line(tmp_path: Path) -> None:
    """Edgeplan roll prints a row per step or JSON, and draws; another kind is not followed."""
    (tmp_path / "box.json").write_text(json.dumps(_PROBLEM), encoding="utf-8")
    (tmp_path / "steps.json").write_text(json.dumps({"steps": _STEPS}), encoding="utf-8")
    files = [tmp_path / "box.json", tmp_path / "steps.json"]
    drawing = tmp_path / "steps.svg"
    shown = edgeplan("roll", *files, "--weight", "1", "--plot", drawing)
    assert shown.exit_code == 0
    assert "load drifts" in shown.stdout
    assert "breaks a rule" in shown.stdout
    assert "GB moved" in drawing.read_text(encoding="utf-8")
    found = json.loads(edgeplan("roll", *files, "--json").stdout)
    assert len(found["steps"]) == 3
    assert edgeplan("roll", "crossing-4", files[1]).exit_code == 64
    (tmp_path / "steps.json").write_text('{"steps": []}', encoding="utf-8")
    assert edgeplan("roll", *files).exit_code == 65


def test_a_step_without_a_plan_says_so(tmp_path: Path) -> None:
    """Without anywhere else to put it, no memory for the expert is no plan, and the next goes on.

    The first plan is in force again when there is memory again.
    """
    alone = {**_PROBLEM, "holders": _PROBLEM["holders"][:1], "links": []}
    alone["layers"] = [{**_PROBLEM["layers"][0], "activations": [[5]]}]
    steps = [
        {"name": "none", "memory_bytes": {"gpu": 0}},
        {"name": "again", "memory_bytes": {"gpu": "20 MB"}},
    ]
    (tmp_path / "box.json").write_text(json.dumps(alone), encoding="utf-8")
    (tmp_path / "steps.json").write_text(json.dumps({"steps": steps}), encoding="utf-8")
    result = edgeplan(
        "roll", tmp_path / "box.json", tmp_path / "steps.json", "--weight", "1", "--json"
    )
    assert result.exit_code == 4
    found = json.loads(result.stdout)["steps"]
    assert [step["grade"] for step in found] == ["optimal", "infeasible", "optimal"]
    assert found[1]["explanation"]
    assert found[2]["moved"] == 0


def test_ctrl_c_keeps_the_steps_that_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after the first step, the command prints it, says so, and exits 130."""
    rolled = answers_experts.rolled

    def interrupted(*arguments: Any) -> Any:
        return rolled(*arguments[:-1], lambda _: signal.raise_signal(signal.SIGINT))

    monkeypatch.setattr(answers_experts, "rolled", interrupted)
    (tmp_path / "box.json").write_text(json.dumps(_PROBLEM), encoding="utf-8")
    (tmp_path / "steps.json").write_text(json.dumps({"steps": _STEPS}), encoding="utf-8")
    shown = edgeplan("roll", tmp_path / "box.json", tmp_path / "steps.json")
    assert shown.exit_code == 130
    assert "start" in shown.stdout
    assert "load drifts" not in shown.stdout
    assert "interrupted after 1 of 3" in shown.stderr
