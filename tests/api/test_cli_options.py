"""Wrong values of options are refused in the words of the options, not of documents' fields."""

import json
from pathlib import Path

import pytest

from api.version import installed
from models.documents import read_plan
from tests.api.conftest import EXAMPLE, INSTANCE, edgeplan


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--time-limit", "5 parsec"], "--time-limit: unknown unit 'parsec'"),
        (["--time-limit", "9999 h"], "--time-limit: outside 0 ns to 100,000.00 s"),
        (["--memory-limit", "1 MiB"], "--memory-limit: outside 256.00 MiB to"),
        (["--seed", "9999999999"], "--seed: more than 2147483647"),
        (["--solver", "magic"], "--solver: no method 'magic'"),
        (["--objective", "beauty"], "--objective: not one of the values 'latency'"),
        (["--objective", "makespan"], "--units: the makespan of how many units?; give --units"),
        (["--units", "3"], "--units: --units says nothing for the objective latency"),
        (["--plot", "plan.gif"], "--plot: 'plan.gif' does not end in"),
        (["--plot", "no/such/plan.svg"], "--plot: there is no folder"),
        (["-o", "no/such/plan.json"], "--output: there is no folder"),
        (["-o", "-", "--json"], "--json and --output - both want standard output"),
    ],
    ids=str,
)
def test_the_option_is_named(options: list[str], told: str) -> None:
    """The message names the option, and points into no document."""
    result = edgeplan("solve", INSTANCE, *options)
    assert result.exit_code == 64
    error = result.stderr.partition("Error: ")[2]
    assert told in error
    assert "/" not in error.replace("no/such", "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--lost", "toaster"], "--lost: there is no device 'toaster'; use one of: nx, "),
        (["--slowed", "toaster=2"], "--slowed: there is no device 'toaster'"),
        (["--slowed", "nx=0"], "--slowed: 0 times slower is out of range"),
        (["--migration-weight", "5"], "--migration-weight: not a number followed by a unit"),
    ],
    ids=str,
)
def test_the_option_of_a_change_is_named(tmp_path: Path, options: list[str], told: str) -> None:
    """A change that does not fit names the option that asked for it."""
    plan = tmp_path / "plan.json"
    stages = [{"device": "nx", "start": 0, "stop": 42}]
    plan.write_text(json.dumps({"kind": "pipeline_partition", "stages": stages}), encoding="utf-8")
    result = edgeplan("replan", INSTANCE, plan, *options)
    assert result.exit_code == 64
    assert told in result.stderr


@pytest.mark.parametrize(
    ("options", "environment", "told"),
    [
        (["--port", "70000"], {}, "--port: more than 65535"),
        (["--db", "jobs.db"], {}, "--db: 'jobs.db' is no URL of a database; write sqlite:///FILE"),
        ([], {"EDGEPLAN_SLOTS": "0"}, "EDGEPLAN_SLOTS: less than 1"),
    ],
)
def test_settings_of_the_server_are_named(
    options: list[str],
    environment: dict[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A setting is named by where it came from, the option or the environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = edgeplan("serve", *options)
    assert result.exit_code == 64
    assert told in result.stderr


def test_version() -> None:
    """--version says what runs, and needs no verb."""
    result = edgeplan("--version")
    assert (result.exit_code, result.stdout) == (0, f"edgeplan {installed()}\n")


def test_a_plan_on_standard_output(problem: Path) -> None:
    """-o - writes the plan, and nothing else, to standard output: tables go to standard error."""
    result = edgeplan("solve", problem, "-o", "-", "--solver", "dp")
    assert result.exit_code == 0
    assert read_plan(result.stdout) == EXAMPLE.nouns()[1]
    assert "OPTIMAL" in result.stderr
    assert edgeplan("generate", "-o", "-").stdout == edgeplan("generate").stdout


def test_a_file_that_cannot_be_written(problem: Path) -> None:
    """A full disk exits 74 with the file's name and no traceback; the answer is still printed."""
    result = edgeplan("solve", problem, "-o", "/dev/full", "--solver", "dp")
    assert result.exit_code == 74
    assert "OPTIMAL" in result.stdout
    assert result.stderr == "edgeplan: /dev/full: No space left on device\n"
