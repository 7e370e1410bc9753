"""Replayed caches through both doors."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api import answers_experts
from planner.worker import ChildLostError
from tests.api.conftest import edgeplan

_ROUTING = [[[0], [1]], [[0], [1]], [[2], [1]], [[0], [3]]]


def test_http(client: TestClient) -> None:
    """POST /v1/caches answers with hits per size; what does not go together is refused."""
    body = {"routing": _ROUTING, "experts": 4, "slots": [1, 2]}
    answer = client.post("/v1/caches", json=body)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["uses"], found["held_out_uses"], found["least_lru_slots"]) == (4, 4, 2)
    assert "exactly never" in found["sizes"][0]["note"]
    assert found["sizes"][1]["chosen"]["pins"] == [0, 5]
    for change, pointer in (
        ({"experts": 3}, "/routing"),
        ({"planned_tokens": 4}, "/planned_tokens"),
        ({"routing": [[[0], [1]], [[0]]]}, "/routing/1"),
        ({"slots": [0]}, "/slots/0"),
    ):
        refused = client.post("/v1/caches", json={**body, **change})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer
        assert ".npy" not in refused.text, "over HTTP there is no file"


def test_command_line(tmp_path: Path) -> None:
    """Edgeplan cache reads a routing table, prints policies and the cliff, and draws."""
    np.save(tmp_path / "routing.npy", np.array(_ROUTING))
    table, drawing = tmp_path / "routing.npy", tmp_path / "cache.svg"
    shown = edgeplan("cache", table, "--slots", "1,2", "--plot", drawing)
    assert shown.exit_code == 0
    assert "LRU hits from 2 slots on" in shown.stdout
    assert "choice: 2 pins" in shown.stdout
    assert "- 1 slots: below the cliff" in shown.stdout
    assert "LRU begins to hit" in drawing.read_text(encoding="utf-8")
    sizes = json.loads(edgeplan("cache", table, "--slots", "2", "--json").stdout)["sizes"]
    assert [size["slots"] for size in sizes] == [2]


def test_command_line_refuses(tmp_path: Path) -> None:
    """Options that cannot be are a matter of usage, a table that is none of input."""
    np.save(tmp_path / "routing.npy", np.array(_ROUTING))
    table = tmp_path / "routing.npy"
    wrong = edgeplan("cache", table, "--slots", "two")
    assert wrong.exit_code == 64
    assert "117,312" in wrong.stderr
    late = edgeplan("cache", table, "--slots", "1", "--planned-tokens", "4")
    assert late.exit_code == 64
    assert "--planned-tokens" in late.stderr
    assert edgeplan("cache", tmp_path / "none.npy", "--slots", "1").exit_code == 65
    assert edgeplan("cache", table, "--slots", "1", "--experts", "2").exit_code == 65


@pytest.mark.parametrize("done", [0, 1])
def test_ctrl_c_keeps_the_sizes_that_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    """Interrupted in the second size, the first is printed; in the first, nothing; always 130."""
    call = answers_experts.call
    calls = []

    def interrupted(function: Any, *arguments: Any, **rest: Any) -> Any:
        calls.append(function)
        if len(calls) == done + 2:  # the cliff is looked for first
            signal.raise_signal(signal.SIGINT)
            raise ChildLostError("at_size was cancelled")
        return call(function, *arguments, **rest)

    monkeypatch.setattr(answers_experts, "call", interrupted)
    np.save(tmp_path / "routing.npy", np.array(_ROUTING))
    shown = edgeplan("cache", tmp_path / "routing.npy", "--slots", "1,2")
    assert shown.exit_code == 130
    assert ("choice: 1 pins" in shown.stdout) == bool(done)
    assert "choice: 2 pins" not in shown.stdout
    assert "interrupted" in shown.stderr
