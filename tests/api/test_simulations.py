"""A plan replayed through both doors."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.examples import EXAMPLES
from planner.simulate import KINDS
from tests.api.conftest import edgeplan
from tests.small import two_devices

_EXAMPLE = EXAMPLES["pipeline_partition"]


def test_http(client: TestClient) -> None:
    """POST /v1/simulations answers with bars; other kinds and refused plans are told apart."""
    body = {"problem": _EXAMPLE.problem, "plan": _EXAMPLE.plan, "units": 2}
    answer = client.post("/v1/simulations", json=body)
    assert answer.status_code == 200
    assert answer.json()["difference_ppm"] == 0
    assert len(answer.json()["bars"]) == 6
    other = EXAMPLES["split_fleet"]
    wrong = client.post("/v1/simulations", json={"problem": other.problem, "plan": other.plan})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/problem/kind"
    stages = [{"device": "box", "start": 0, "stop": 4}]
    refused = {**body, "plan": {"kind": "pipeline_partition", "stages": stages}}
    wrong = client.post("/v1/simulations", json=refused)
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/plan"


def test_certificates_have_a_second_opinion(client: TestClient) -> None:
    """POST /v1/plans says what the replay took, without its bars."""
    answer = client.post("/v1/plans", json={"problem": _EXAMPLE.problem})
    assert answer.status_code == 200
    simulation = answer.json()["simulation"]
    assert simulation["simulated_ns"] == simulation["predicted_ns"] == _EXAMPLE.objective
    assert simulation["bars"] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_simulated_kind(client: TestClient, kind: str) -> None:
    """The example of each kind is replayed over HTTP, and its formula is near the replay."""
    example = EXAMPLES[kind]
    body = {"problem": example.problem, "plan": example.plan}
    found = client.post("/v1/simulations", json=body).json()
    if kind == "serving_flow":  # its objective is what the flow lacks, which is 60 tokens/s
        assert found["predicted_ns"] == found["units"] * 10**9 // 60
    else:
        assert found["predicted_ns"] == example.objective
    assert abs(found["difference_ppm"]) <= (0 if found["exact"] else 50_000)
    assert found["bars"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "problem.json", tmp_path / "plan.json"]
    for file, value in zip(found, (_EXAMPLE.problem, _EXAMPLE.plan), strict=True):
        file.write_text(json.dumps(value), encoding="utf-8")
    return found


def test_command_line(files: list[Path], tmp_path: Path) -> None:
    """Edgeplan simulate prints utilisation, JSON and a Gantt chart."""
    shown = edgeplan("simulate", *files, "--units", "2", "--plot", tmp_path / "chart.svg")
    assert shown.exit_code == 0
    assert "camera -> box" in shown.stdout
    assert "no difference" in shown.stdout
    assert b"<svg" in (tmp_path / "chart.svg").read_bytes()
    found = json.loads(edgeplan("simulate", *files, "--json", "--stop", "box=1ms").stdout)
    assert (found["units_done"], found["simulated_ns"]) == (0, None)


def test_a_second_plan_goes_on(client: TestClient, tmp_path: Path) -> None:
    """Both doors replay a failure and the plan after it; a second plan needs a stop."""
    problem = two_devices(400, objective="makespan", units=3).model_dump(mode="json")
    first, then = (
        {"kind": "pipeline_partition", "stages": [{"device": name, "start": 0, "stop": 4}]}
        for name in ("quick", "slow")
    )
    files = [tmp_path / name for name in ("problem.json", "first.json", "then.json")]
    for file, value in zip(files, (problem, first, then), strict=True):
        file.write_text(json.dumps(value), encoding="utf-8")
    body = {"problem": problem, "plan": first, "stops_ns": {"quick": 600}, "then": then}
    over_http = client.post("/v1/simulations", json=body | {"resume_after_ns": 5}).json()
    words = ("--stop", "quick=600ns", "--then", files[2], "--resume-after", "5ns")
    shown = edgeplan("simulate", *files[:2], "--json", *words)
    assert json.loads(shown.stdout) == over_http
    assert over_http["simulated_ns"] == 600 + 5 + 2 * 800
    wrong = client.post("/v1/simulations", json=body | {"stops_ns": {}})
    assert wrong.json()["errors"][0]["pointer"] == "/then"
    assert edgeplan("simulate", *files[:2], "--resume-after", "1ms").exit_code == 64


@pytest.mark.parametrize(
    ("options", "status"),
    [(["--stop", "box"], 64), (["--stop", "moon=1s"], 65), (["--units", "0"], 64)],
)
def test_options_that_make_no_sense(files: list[Path], options: list[str], status: int) -> None:
    """A stop without a time, a device that is not there and no units are refused."""
    assert edgeplan("simulate", *files, *options).exit_code == status


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        ("moon=1s", "/stops_ns: the plan does not use"),
        ("box=-1s", "value for --stop: outside 0 ns"),
    ],
)
def test_a_wrong_stop_is_named(files: list[Path], stop: str, words: str) -> None:
    """Who stops, not the plan, is at fault; devices of the plan are named."""
    said = " ".join(edgeplan("simulate", *files, "--stop", stop).stderr.split())
    assert words in said
    assert "moon" not in stop or "use one of: box, camera" in said


def test_charts_need_a_suffix(files: list[Path]) -> None:
    """A drawing of an unknown kind is refused before anything is computed."""
    assert edgeplan("simulate", *files, "--plot", "chart.txt").exit_code == 64


@pytest.mark.parametrize(
    ("units", "words"),
    [
        ("2", "prefill of 2 units"),
        ("5", "request of 5 units"),
        ("4", "/units: a replay does not end"),
        ("1", "of 1"),
    ],
)
def test_passes_come_in_whole_rounds(units: str, words: str, tmp_path: Path) -> None:
    """Two chunks, then passes of three points: units that end within a round are refused."""
    example = EXAMPLES["sequence_pipeline"]
    decoding = {"decoding": {"new_tokens": 12, "points": 3}, "objective": "request"}
    files = [tmp_path / "problem.json", tmp_path / "plan.json"]
    for file, value in zip(files, (example.problem | decoding, example.plan), strict=True):
        file.write_text(json.dumps(value), encoding="utf-8")
    result = edgeplan("simulate", *files, "--units", units)
    assert words in result.stdout + result.stderr
    assert (result.exit_code == 0) == (not words.startswith("/units"))
