"""One batch among replicas through both doors."""

import json
from pathlib import Path

from starlette.testclient import TestClient

from api.examples import EXAMPLES
from tests.api.conftest import edgeplan

_EXAMPLE = EXAMPLES["expert_balance"]


def test_http(client: TestClient) -> None:
    """POST /v1/splits answers with tokens per slot, and refuses a batch of another shape."""
    body = {"problem": _EXAMPLE.problem, "plan": _EXAMPLE.plan, "loads": [[20, 16]]}
    answer = client.post("/v1/splits", json=body)
    assert answer.status_code == 200
    assert answer.json()["tokens"] == [[20, 16]]
    assert answer.json()["time_ns"] == [16_000]
    wrong = client.post("/v1/splits", json={**body, "loads": [[1, 2, 3]]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/loads"


def test_command_line(tmp_path: Path) -> None:
    """Edgeplan split prints a row per layer or JSON; another kind has no batches."""
    for name, value in (
        ("problem", _EXAMPLE.problem),
        ("plan", _EXAMPLE.plan),
        ("batch", {"loads": [[20, 16]]}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    files = [tmp_path / f"{name}.json" for name in ("problem", "plan", "batch")]
    shown = edgeplan("split", *files)
    assert shown.exit_code == 0
    assert "16,000 ns" in shown.stdout
    assert json.loads(edgeplan("split", *files, "--json").stdout)["tokens"] == [[20, 16]]
    assert edgeplan("split", "crossing-4", *files[1:]).exit_code == 64
