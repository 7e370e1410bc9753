"""The other commands, and the exit statuses that all share."""

import json
from pathlib import Path

import pytest

from models.result import Verification
from problem_instances import best_known, invalid_plans, load, names
from solvers.registry import REGISTRY
from tests.api.conftest import EXAMPLE, INSTANCE, edgeplan
from tests.misbehaving import entry


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["solve"],
        ["solv", INSTANCE],
        ["solve", INSTANCE, "--colour"],
        ["solve", INSTANCE, "--time-limit", "5"],
        ["solve", INSTANCE, "--time-limit", "5 GiB"],
        ["solve", INSTANCE, "--time-limit", "9999 h"],
        ["solve", INSTANCE, "--memory-limit", "1 MiB"],
        ["solve", INSTANCE, "--seed", "-1"],
        ["solve", INSTANCE, "--seed", "9999999999"],
        ["solve", INSTANCE, "--solver", "magic"],
        ["solve", INSTANCE, "--objective", "beauty"],
        ["solve", INSTANCE, "--objective", "makespan"],
        ["solve", INSTANCE, "--units", "3"],
        ["solve", INSTANCE, "--plot", "plan.gif"],
        ["solve", INSTANCE, "-o", "no/such/folder/plan.json"],
        ["solve", INSTANCE, "-o", "."],
        ["schema", "nothing"],
        ["generate", "devices"],
        ["generate", "devices=many"],
        ["generate", "devices=0"],
        ["generate", "overlap=1"],
        ["generate", "wings=2"],
        ["serve", "--host", "0.0.0.0"],
        ["serve", "--port", "70000"],
        ["serve", "--slots", "0"],
    ],
    ids=" ".join,
)
def test_usage(arguments: list[str]) -> None:
    """Wrong usage exits 64, prints nothing on standard output, and says why."""
    result = edgeplan(*arguments)
    assert result.exit_code == 64
    assert arguments == [] or result.stdout == ""
    assert arguments == [] or "Error: " in result.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("{}", "/kind: the kind is not known"),
        (json.dumps({**EXAMPLE.problem, "source_device": "x"}), "'x' is not in the device graph"),
        (b"\xff", "not UTF-8"),
    ],
)
@pytest.mark.parametrize("command", ["solve", "validate", "explain"])
def test_bad_input(command: str, text: str | bytes, reason: str) -> None:
    """A document that is refused exits 65 and names its source, place, reason and remedy."""
    result = edgeplan(command, "-", stdin=text)
    assert result.exit_code == 65
    assert result.stdout == ""
    assert result.stderr.startswith("edgeplan: standard input: ")
    assert reason in result.stderr


def test_files_that_are_not_there(problem: Path) -> None:
    """Neither file nor instance exits 65, and the instances are pointed to."""
    for arguments in (["solve", "nothing"], ["verify", problem, "nothing"]):
        result = edgeplan(*arguments)
        assert result.exit_code == 65
        assert "edgeplan: nothing: No such file" in result.stderr
        assert "edgeplan instances" in result.stderr


def test_contradictions(problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A claim that a verified plan refutes exits 70 with the plan, not a traceback."""
    monkeypatch.setitem(REGISTRY, "pipeline_partition", (entry("Denier"),))
    result = edgeplan("solve", problem, "--solver", "Denier", "--hint", _plan_of(problem))
    assert result.exit_code == 70
    assert result.stderr.startswith("edgeplan: two methods contradict each other: Denier proved")
    assert "plan from hint" in result.stdout


def _plan_of(problem: Path) -> Path:
    path = problem.with_name("hint.json")
    path.write_text(json.dumps(EXAMPLE.plan), encoding="utf-8")
    return path


def test_faults_of_edgeplan(problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug exits 70 with a traceback to report."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("api.answers.plan", broken)
    result = edgeplan("solve", problem)
    assert result.exit_code == 70
    assert "ZeroDivisionError: a bug" in result.stderr
    assert "please report it" in result.stderr


def test_verify_refuses_by_rule(problem: Path) -> None:
    """A plan that breaks a rule exits 1, and the rule, place and excess are printed."""
    stages = [{"device": "camera", "start": 0, "stop": 4}]
    text = json.dumps({**EXAMPLE.plan, "stages": stages})
    result = edgeplan("verify", problem, "-", stdin=text)
    assert result.exit_code == 1
    assert "refused" in result.stdout
    assert "476.84 MiB" in result.stdout
    verdict = edgeplan("verify", problem, "-", "--json", stdin=text)
    assert verdict.exit_code == 1
    assert Verification.model_validate_json(verdict.stdout).violations[0].rule == "memory"


@pytest.mark.parametrize("name", names())
def test_verify_refuses_the_shipped_invalid_plans(name: str, tmp_path: Path) -> None:
    """Every invalid plan that is shipped is refused on the command line, for its rule."""
    for number, invalid in enumerate(invalid_plans(name)[:2]):
        path = tmp_path / f"{number}.json"
        path.write_text(invalid.plan.model_dump_json(), encoding="utf-8")
        result = edgeplan("verify", name, path, "--json")
        assert result.exit_code == 1
        assert invalid.rule in {row["rule"] for row in json.loads(result.stdout)["violations"]}


def test_validate_says_what_it_is(problem: Path) -> None:
    """A problem that is fine exits 0 with its kind, objective, sizes and digest."""
    result = edgeplan("validate", problem)
    assert result.exit_code == 0
    assert "pipeline_partition: latency, 2 devices, 4 layers" in result.stdout
    assert len(result.stdout.split()[-1]) == 64


def test_explain(problem: Path, plan: Path) -> None:
    """A plan, or the best one of a problem, is explained; --json gives the lines as a document."""
    for arguments in (["explain", problem, plan], ["explain", problem]):
        result = edgeplan(*arguments)
        assert result.exit_code == 0
        assert "objective 23.00 ms" in result.stdout
        assert "- memory binds on camera" in result.stdout
    document = json.loads(edgeplan("explain", problem, plan, "--json").stdout)
    assert document["objective"] == EXAMPLE.objective
    assert document["lines"]


def test_instances() -> None:
    """Every shipped instance is listed with its sizes and best known objective."""
    rows = {row["name"]: row for row in json.loads(edgeplan("instances", "--json").stdout)}
    assert set(rows) == set(names())
    assert rows[INSTANCE]["best_known"] == best_known(INSTANCE).objective
    assert rows[INSTANCE]["size"] == load(INSTANCE).size_in_words
    table = edgeplan("instances").stdout
    assert all(name in table for name in rows)


def test_schema() -> None:
    """Without a name the names are listed, with one its JSON Schema is printed."""
    listed = edgeplan("schema").stdout.split()
    assert "problem" in listed
    for name in listed:
        assert json.loads(edgeplan("schema", name).stdout)["$id"] == name


def test_generate(tmp_path: Path) -> None:
    """The same seed and settings give the same bytes, which are a problem of these sizes."""
    arguments = ["generate", "devices=3", "layers=5", "objective=throughput", "overlap=false"]
    first = edgeplan(*arguments, "--seed", "7")
    path = tmp_path / "random.json"
    assert edgeplan(*arguments, "--seed", "7", "-o", path).exit_code == 0
    assert path.read_text(encoding="utf-8") == first.stdout
    assert "throughput (time per unit), 3 devices, 5 layers" in edgeplan("validate", path).stdout
    assert edgeplan(*arguments, "--seed", "8").stdout != first.stdout
