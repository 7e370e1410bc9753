"""The sweep of a budget through both doors."""

import json
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import cli_frontier
from api.cli_planner import Here
from api.examples import EXAMPLES
from api.requests import FrontierRequest
from models.frontier import Budget, Frontier, FrontierPoint
from models.problems.split_computing import SplitComputingPlan
from planner.worker import ChildLostError
from tests.api.conftest import edgeplan


def _point(*, plan: bool = False, proved: bool = True) -> FrontierPoint:
    """A row at 70 % with a plan of 1 ms, or without one."""
    return FrontierPoint(
        limit=700_000,
        objective=10**6 if plan else None,
        lower_bound=None,
        proved=proved,
        reused=False,
        dominated=False,
        plan=SplitComputingPlan(placement=()) if plan else None,
    )


class _Swept(Here):
    """Answers with a frontier, or loses its child; `cancel`: after a Ctrl-C."""

    def __init__(self, found: Frontier | None, *, cancel: bool) -> None:
        self._found, self._cancel = found, cancel

    def frontier(self, _request: FrontierRequest, cancel: threading.Event) -> Frontier:
        if self._cancel:
            cancel.set()
        if self._found is None:
            raise ChildLostError("swept was cancelled")
        return self._found


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
    for option, wrong, words in (
        ("--floors", "much", "from 0 to 100"),
        ("--floors", "170", "from 0 to 100"),
        ("--floors", "nan", "from 0 to 100"),
        ("--floors", "740000", "from 0 to 100"),
        ("--floors", ",".join(["74"] * 201), "at most 200"),
        ("--bandwidths", "8 GiB", "write, say, 10Mbit/s"),
        ("--bandwidths", "0Mbit/s", "outside 1 bit/s"),
    ):
        refused = edgeplan(*arguments, option, wrong)
        assert refused.exit_code == 64
        assert option in refused.stderr
        assert words in " ".join(refused.stderr.split())
    assert edgeplan("frontier", "crossing-4").exit_code == 64
    assert edgeplan("frontier", "synthetic-best-expert").exit_code == 64


def test_exit_status_of_a_split() -> None:
    """Where no row has a plan the status is that of a solve without one; one row is enough."""
    arguments = ("frontier", "resnet50-jetson-bottlenecks", "--floors")
    assert edgeplan(*arguments, "99").exit_code == 4
    assert edgeplan(*arguments, "74,99").exit_code == 0


@pytest.mark.parametrize(
    ("points", "cancel", "status", "words"),
    [
        ((_point(plan=True),), False, 0, ""),
        ((_point(plan=True), _point(proved=False)), False, 3, "give more --time-limit"),
        ((_point(),), False, 4, "no plan"),
        ((_point(), _point(proved=False)), False, 5, "not known"),
        ((_point(plan=True),), True, 130, "interrupted: what was not asked"),
        ((), True, 130, "interrupted: what was not asked"),
    ],
)
def test_what_is_missing_is_told(
    capsys: pytest.CaptureFixture[str],
    points: tuple[FrontierPoint, ...],
    cancel: bool,
    status: int,
    words: str,
) -> None:
    """Rows that are not proved, and an interruption, each with its words and exit status."""
    found = Frontier(
        budget=Budget.ACCURACY,
        limit_unit="ppm",
        unit="ns",
        points=points,
        cut=cancel or any(not point.proved for point in points),
        stopped=cancel,
        wall_ns=1,
    )
    request = FrontierRequest.model_validate_json(
        json.dumps({"problem": EXAMPLES["split_computing"].problem, "budget": "accuracy"})
    )
    planner = _Swept(found, cancel=cancel)
    assert cli_frontier.frontier(request, None, planner, as_json=False) == status
    assert words in capsys.readouterr().out


def test_an_interruption_without_an_answer_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing handed over in time is no fault of edgeplan; a child lost otherwise is one."""
    request = FrontierRequest.model_validate_json(
        json.dumps({"problem": EXAMPLES["split_computing"].problem, "budget": "accuracy"})
    )
    status = cli_frontier.frontier(request, None, _Swept(None, cancel=True), as_json=False)
    assert status == 130
    assert "interrupted" in capsys.readouterr().err
    with pytest.raises(ChildLostError):
        cli_frontier.frontier(request, None, _Swept(None, cancel=False), as_json=False)


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
