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


def test_http_of_a_split(client: TestClient) -> None:
    """A split is swept over bandwidths and floors; what its kind does not have is refused."""
    body = {
        "problem": EXAMPLES["split_computing"].problem,
        "budget": "accuracy",
        "bandwidths_bit_per_s": ["10 Mbit/s", "100 Mbit/s"],
    }
    answer = client.post("/v1/frontiers", json=body)
    assert answer.status_code == 200
    points = answer.json()["points"]
    assert {point["bandwidth_bit_per_s"] for point in points} == {10**7, 10**8}
    assert all(point["proved"] and point["heuristics"] for point in points)
    for wrong in ({"budget": "energy"}, {"floors_ppm": [10**7]}, {"bandwidths_bit_per_s": ["x"]}):
        assert client.post("/v1/frontiers", json={**body, **wrong}).status_code == 422
    expert = {"problem": EXAMPLES["expert_selection"].problem, "budget": "energy"}
    for wrong in ({"budget": "accuracy"}, {"floors_ppm": [1]}):
        assert client.post("/v1/frontiers", json={**expert, **wrong}).status_code == 422


def test_command_line_of_a_split(tmp_path: Path) -> None:
    """Bandwidths and floors make a table, what the extremes lose beside each point, and a plot."""
    drawing = tmp_path / "frontier.svg"
    arguments = ("frontier", "resnet50-jetson-bottlenecks", "--bandwidths", "8Mbit/s,16 Mbit/s")
    shown = edgeplan(*arguments, "--floors", "74,75.8 %", "--plot", drawing)
    assert shown.exit_code == 0
    assert "entropic-student-3.64" in shown.stdout
    assert "13.21 ms" in shown.stdout
    assert "saved on local" in shown.stdout
    assert b"16 Mbit/s" in drawing.read_bytes()
    found = json.loads(edgeplan(*arguments, "--json").stdout)
    assert found["budget"] == "accuracy"
    assert [point["limit"] for point in found["points"]][:2] == [600_000, 680_000]
    for wrong in (("--floors", "much"), ("--floors", "170"), ("--bandwidths", "8 GiB")):
        assert edgeplan(*arguments, *wrong).exit_code == 64
    assert edgeplan("frontier", "crossing-4").exit_code == 64
    assert edgeplan("frontier", "synthetic-best-expert").exit_code == 64


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
