"""edgeplan solve: what it prints, writes, and exits with."""

import json
from pathlib import Path

import pytest

from models.documents import read_plan
from models.result import Certificate, Grade
from problem_instances import best_known
from tests.api.conftest import EXAMPLE, INSTANCE, edgeplan


def _variant(problem: Path, **fields: object) -> Path:
    path = problem.with_name("variant.json")
    path.write_text(json.dumps({**EXAMPLE.problem, **fields}), encoding="utf-8")
    return path


def test_solve_prints_plan_certificate_and_runs(problem: Path) -> None:
    """Without --json a person reads stages, times, memory, the bound, and who ran."""
    result = edgeplan("solve", problem, "--solver", "dp")
    assert result.exit_code == 0
    for words in ("camera", "6.00 ms", "11.00 ms", "190.73 MiB", "OPTIMAL", "lower bound"):
        assert words in result.stdout, words
    assert "latency      23.00 ms (23,000,000 ns), plan from dp" in result.stdout
    assert "completed" in result.stdout


def test_solve_json_is_a_certificate_and_nothing_else(problem: Path) -> None:
    """With --json standard output is one document."""
    result = edgeplan("solve", problem, "--json")
    certificate = Certificate.model_validate_json(result.stdout)
    assert certificate.grade is Grade.OPTIMAL
    assert certificate.objective == EXAMPLE.objective


def test_solve_reads_standard_input() -> None:
    """`-` is standard input."""
    result = edgeplan("solve", "-", "--json", "--solver", "dp", stdin=json.dumps(EXAMPLE.problem))
    assert json.loads(result.stdout)["objective"] == EXAMPLE.objective


def test_solve_knows_the_instances() -> None:
    """The name of a shipped instance stands for its file, and its best known plan is found."""
    result = edgeplan("solve", INSTANCE, "--json", "--solver", "dp")
    assert json.loads(result.stdout)["objective"] == best_known(INSTANCE).objective


def test_a_file_stands_above_an_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an instance's name is the one that is read."""
    monkeypatch.chdir(tmp_path)
    Path(INSTANCE).write_text(json.dumps(EXAMPLE.problem), encoding="utf-8")
    assert "2 devices, 4 layers" in edgeplan("validate", INSTANCE).stdout


def test_events_are_lines_of_json(problem: Path) -> None:
    """--events writes what happens to standard error, an object a line, and leaves the rest."""
    result = edgeplan("solve", problem, "--json", "--events", "--solver", "dp")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    own = [event["what"] for event in events if event["solver"] == "dp"]
    assert own == ["started", "finished"]
    assert events[-1]["objective"] == events[-1]["lower_bound"] == EXAMPLE.objective
    assert events[-1]["gap"] == 0
    assert json.loads(result.stdout)["grade"] == "optimal"


def test_written_plan_verifies(problem: Path, tmp_path: Path) -> None:
    """-o writes a plan that verify accepts, and no draft stays behind."""
    written = tmp_path / "out" / "plan.json"
    written.parent.mkdir()
    assert edgeplan("solve", problem, "-o", written, "--solver", "dp").exit_code == 0
    assert read_plan(written.read_bytes()) == EXAMPLE.nouns()[1]
    assert edgeplan("verify", problem, written).exit_code == 0
    assert list(written.parent.iterdir()) == [written]


def test_certificate_serves_as_plan(problem: Path) -> None:
    """What --json prints can be verified, too."""
    certificate = edgeplan("solve", problem, "--json", "--solver", "dp").stdout
    assert edgeplan("verify", problem, "-", stdin=certificate).exit_code == 0


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG")])
def test_plot(problem: Path, tmp_path: Path, suffix: str, start: bytes) -> None:
    """--plot draws by suffix."""
    drawing = tmp_path / f"plan{suffix}"
    assert edgeplan("solve", problem, "--plot", drawing, "--solver", "dp").exit_code == 0
    assert drawing.read_bytes().startswith(start)


def test_hint_is_a_run(problem: Path, plan: Path) -> None:
    """--hint takes part in the race."""
    result = edgeplan("solve", problem, "--hint", plan, "--json", "--solver", "dp")
    assert [run["solver"] for run in json.loads(result.stdout)["runs"]] == ["hint", "dp"]


@pytest.mark.parametrize(
    ("options", "objective"),
    [
        (["--objective", "throughput"], 11_000_000),
        (["--objective", "makespan", "--units", "3"], 23_000_000 + 2 * 11_000_000),
        (["--objective", "latency"], 23_000_000),
    ],
)
def test_objective_of_the_command_line(problem: Path, options: list[str], objective: int) -> None:
    """--objective stands above the document; the one link's 11 ms are the period."""
    result = edgeplan("solve", problem, "--json", "--solver", "dp", *options)
    assert json.loads(result.stdout)["objective"] == objective


def test_units_of_another_objective_are_dropped(problem: Path) -> None:
    """A document's units do not stand in the way of --objective; --units alone replaces them."""
    makespan = _variant(problem, objective="makespan", units=9)
    for options, expected in (
        (["--objective", "latency"], 23_000_000),
        (["--units", "2"], 34_000_000),
        (["--objective", "makespan"], 23_000_000 + 8 * 11_000_000),
    ):
        result = edgeplan("solve", makespan, "--json", "--solver", "dp", *options)
        assert json.loads(result.stdout)["objective"] == expected


def test_not_proved(problem: Path) -> None:
    """A plan without proof exits 3."""
    result = edgeplan("solve", problem, "--solver", "edgeshard")
    assert result.exit_code == 3
    assert "BOUNDED" in result.stdout


def test_infeasible(problem: Path) -> None:
    """A proof that there is no plan exits 4 and is explained."""
    unlinked = {**EXAMPLE.problem["device_graph"], "links": []}
    fields = {"source_device": "box", "use_all_devices": True, "device_graph": unlinked}
    result = edgeplan("solve", _variant(problem, **fields))
    assert result.exit_code == 4
    assert "INFEASIBLE" in result.stdout
    assert "without use_all_devices there is a plan" in result.stdout


def test_no_plan_in_time(problem: Path) -> None:
    """Neither a plan nor a proof exits 5."""
    assert edgeplan("solve", problem, "--solver", "even-split").exit_code == 5


def test_objective_of_a_kind_without_units() -> None:
    """--objective also changes what is minimised where there are no units to drop."""
    result = edgeplan("solve", "exits-three-tiers", "--objective", "energy", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["unit"] == "µJ"
