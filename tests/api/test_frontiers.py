"""The sweep of a budget through both doors."""

import json
from pathlib import Path

from starlette.testclient import TestClient

from api.examples import EXAMPLES
from tests.api.conftest import edgeplan


def test_http(client: TestClient) -> None:
    """POST /v1/frontiers answers with the points, and refuses what it cannot sweep."""
    body = {"problem": EXAMPLES["expert_selection"].problem, "budget": "energy", "points": 2}
    answer = client.post("/v1/frontiers", json=body)
    assert answer.status_code == 200
    assert [point["objective"] for point in answer.json()["points"]] == [500_000, 325_000]
    wrong = client.post("/v1/frontiers", json={**body, "budget": "hope"})
    assert wrong.status_code == 422


def test_command_line(tmp_path: Path) -> None:
    """Edgeplan frontier prints a table or JSON and draws."""
    document = tmp_path / "problem.json"
    document.write_text(json.dumps(EXAMPLES["expert_selection"].problem), encoding="utf-8")
    drawing = tmp_path / "frontier.svg"
    arguments = ("frontier", document, "--budget", "energy", "--points", "2")
    shown = edgeplan(*arguments, "--plot", drawing)
    assert shown.exit_code == 0
    assert "500,000 ppm" in shown.stdout
    assert drawing.read_bytes().lstrip().startswith(b"<?xml")
    found = json.loads(edgeplan(*arguments, "--json").stdout)
    assert [point["limit"] for point in found["points"]] == [100_000_000, 200_000_000]
    assert edgeplan("frontier", document, "--budget", "hope").exit_code == 64
