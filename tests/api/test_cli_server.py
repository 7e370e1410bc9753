"""--server: every verb says and ends the same, whoever does the work."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from api.client import AsyncClient
from api.examples import EXAMPLES
from api.jobs.engine import open_tables
from api.jobs.store import Store
from api.keys import Scope, add
from api.settings import Settings
from solvers.registry import REGISTRY
from tests.api.conftest import EXAMPLE, edgeplan
from tests.api.serving import serving
from tests.api.test_cli_process import interrupt, solving
from tests.misbehaving import entry
from tests.small import two_devices

# Times differ between any two runs.
_TIME = re.compile(r'"\w*(wall_ns|_ns|at_ns)": \d+|[\d.]+ (ns|us|µs|ms|s)\b.*|time .*')


def _comparable(text: str) -> str:
    """A text without times, and without what aligns a column of them."""
    return re.sub(r"[ ─]+", " ", _TIME.sub("", text))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server."""
    with serving(Settings(slots=2)) as address:
        yield address


@pytest.mark.parametrize(
    "words",
    [
        "solve {problem} --solver dp",
        "verify {problem} {plan}",
        "verify {problem} {plan} --json",
        "validate {problem}",
        "explain {problem} {plan}",
        "simulate {problem} {plan} --units 2",
        "simulate {problem} {plan} --json --stop box=1ms --shared-medium",
        "simulate {problem} {plan} --stop moon=1s",
        "replan {problem} {plan} --slowed box=2 --solver dp",
        "split {folder}/balance.json {folder}/placed.json {folder}/batch.json",
        "roll {folder}/box.json {folder}/steps.json",
        "roll {folder}/box.json {folder}/batch.json",
        "cache {folder}/routing.npy --slots 1,2",
        "cache {folder}/routing.npy --slots 1 --planned-tokens 4",
        "frontier mmlu-pro-experts-60j --budget energy --points 2 --time-limit 20s",
        "instances --json",
        "instances",
        "solve nowhere.json",
        "solve {problem} --solver none",
    ],
)
def test_same_answer(words: str, url: str, problem: Path, plan: Path, tmp_path: Path) -> None:
    """Output and exit status are those of the verb without a server."""
    _about_experts(tmp_path)
    arguments = words.format(problem=problem, plan=plan, folder=tmp_path).split()
    here, there = edgeplan(*arguments), edgeplan(*arguments, "--server", url)
    assert there.exit_code == here.exit_code, there.stderr
    assert _comparable(there.stdout) == _comparable(here.stdout)
    assert there.stderr == here.stderr


def _about_experts(folder: Path) -> None:
    """Files for the verbs that are about experts."""
    balance, offload = EXAMPLES["expert_balance"], EXAMPLES["offload_placement"]
    for name, value in {
        "balance": balance.problem,
        "placed": balance.plan,
        "batch": {"loads": [[20, 16]]},
        "box": offload.problem,
        "steps": {"steps": [{"name": "drift", "activations": {"layer-0": [[90, 10]]}}]},
    }.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    np.save(folder / "routing.npy", np.array([[[0], [1]], [[0], [1]], [[0], [1]], [[2], [3]]]))


def test_events(url: str, problem: Path) -> None:
    """Progress comes from the service, in the lines of a solve in this process."""
    options = ("solve", problem, "--events", "--json", "--seed", "71")
    here, there = edgeplan(*options), edgeplan(*options, "--server", url)
    rows = [[json.loads(line) for line in one.stderr.splitlines()] for one in (here, there)]
    assert rows[1]
    assert {row["what"] for row in rows[1]} == {row["what"] for row in rows[0]}
    assert set(rows[1][0]) == set(rows[0][0])
    assert json.loads(there.stdout)["objective"] == EXAMPLE.objective


def test_server_by_environment(url: str, problem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """EDGEPLAN_SERVER stands for the option."""
    asked: list[str] = []
    validate = AsyncClient.validate

    async def noted(self: AsyncClient, request: object) -> object:
        asked.append("validate")
        return await validate(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(AsyncClient, "validate", noted)
    monkeypatch.setenv("EDGEPLAN_SERVER", url)
    assert edgeplan("validate", problem).exit_code == 0
    assert asked == ["validate"]


def test_key_by_environment(problem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that wants a key gets the one in EDGEPLAN_API_KEY; without it 69, and why."""
    db = f"sqlite:///{tmp_path / 'jobs.db'}"
    engine = open_tables(db)
    token = add(Store(engine), "cli", frozenset({Scope.SUBMIT, Scope.READ}), 10)
    engine.dispose()
    with serving(Settings(db=db, require_keys=True)) as address:
        refused = edgeplan("solve", problem, "--server", address)
        assert refused.exit_code == 69
        assert "send a key" in refused.stderr
        monkeypatch.setenv("EDGEPLAN_API_KEY", token)
        assert edgeplan("solve", problem, "--solver", "dp", "--server", address).exit_code == 0


def test_wrong_address(problem: Path) -> None:
    """What is no address is a mistake in the usage."""
    result = edgeplan("solve", problem, "--server", "localhost:8000")
    assert result.exit_code == 64
    assert "http://" in result.stderr


def test_ctrl_c_keeps_the_best_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the solve at the service, and its best plan is printed: 130."""
    methods = (*REGISTRY["pipeline_partition"], entry("Stubborn"))
    monkeypatch.setitem(REGISTRY, "pipeline_partition", methods)
    problem = tmp_path / "problem.json"
    problem.write_text(two_devices().model_dump_json(), encoding="utf-8")
    with (
        serving(Settings(slots=1)) as address,
        solving(problem, "--json", "--server", address) as process,
    ):
        interrupt(process)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["plan"] is not None
