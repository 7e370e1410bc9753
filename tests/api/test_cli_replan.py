"""edgeplan replan: the old plan's fate, the moves, the certificate."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.documents import read_plan
from problem_instances import best_known
from tests.api.conftest import INSTANCE, edgeplan


def _replan(*options: str, plan: Path) -> dict[str, Any]:
    result = edgeplan("replan", INSTANCE, plan, "--json", "--solver", "dp", *options)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture
def best(tmp_path: Path) -> Path:
    """The best known plan of the instance."""
    found = best_known(INSTANCE).plan
    assert found is not None
    path = tmp_path / "best.json"
    path.write_text(found.model_dump_json(), encoding="utf-8")
    return path


def test_replan_after_a_loss(best: Path) -> None:
    """A plan that used the lost device is refused; what moves is what the new plan loads."""
    used = json.loads(best.read_text(encoding="utf-8"))["stages"][0]["device"]
    answer = _replan("--lost", used, plan=best)
    assert answer["before"]["violations"][0]["rule"] == "unknown-device"
    moved = sum(move["size_bytes"] for move in answer["moves"])
    assert moved == answer["certificate"]["breakdown"]["totals"]["migration_bytes"] > 0
    assert used not in {stage["device"] for stage in answer["certificate"]["plan"]["stages"]}


def test_replan_without_change_stays(best: Path) -> None:
    """When nothing changed the old plan is optimal still, and nothing moves."""
    answer = _replan(plan=best)
    assert answer["moves"] == []
    assert answer["certificate"]["objective"] == best_known(INSTANCE).objective


def test_replan_weighs_migration(best: Path) -> None:
    """A price on moving weights keeps them where they are."""
    free = _replan("--slowed", "nx=3", plan=best)
    dear = _replan("--slowed", "nx=3", "--migration-weight", "1 s", plan=best)
    assert free["moves"]
    assert dear["moves"] == []
    assert dear["certificate"]["objective"] == dear["before"]["objective"]


def test_replan_in_words(best: Path, tmp_path: Path) -> None:
    """A person reads the old plan's fate, the moves, and the certificate; -o keeps the plan."""
    written = tmp_path / "replanned.json"
    result = edgeplan("replan", INSTANCE, best, "--lost", "tx2-1", "-o", written)
    assert result.exit_code == 0
    for words in ("the old plan is refused now", "unknown-device", "what moves", "OPTIMAL"):
        assert words in result.stdout
    assert read_plan(written.read_bytes())


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--lost", "toaster"], 64),
        (["--slowed", "nx"], 64),
        (["--slowed", "nx=fast"], 64),
        (["--slowed", "nx=0"], 64),
        (["--migration-weight", "5"], 64),
        (["--lost", "nx", "--lost", "tx2-1", "--lost", "tx2-2", "--lost", "nano"], 64),
        (["--slowed", "nx=1000"], 0),
        (["--slowed", "nx=1000", "--migration-weight", "20 h"], 65),
    ],
    ids=str,
)
def test_changes_that_do_not_fit(best: Path, options: list[str], status: int) -> None:
    """A change that names nothing is wrong usage; one that makes no sense here is bad input."""
    assert edgeplan("replan", INSTANCE, best, "--solver", "dp", *options).exit_code == status


_TRAINING = "boards-6-resnet-50"


@pytest.fixture
def in_force(tmp_path: Path) -> Path:
    """The best known plan of a training pipeline, which begins with a group of three boards."""
    found = best_known(_TRAINING).plan
    assert found is not None
    path = tmp_path / "in-force.json"
    path.write_text(found.model_dump_json(), encoding="utf-8")
    return path


def test_replay_moves_nothing_where_a_group_goes_on(in_force: Path) -> None:
    """The lost board's samples go to the others of its group; the answer is not proved optimal."""
    options = ("--lost", "nano-1", "--mode", "replay", "--json")
    result = edgeplan("replan", _TRAINING, in_force, *options)
    assert result.exit_code == 3, result.stderr
    answer = json.loads(result.stdout)
    assert answer["moves"] == []
    assert answer["certificate"]["plan_from"] == "replay"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--mode", "hasty"), "'hasty' is no mode"),
        (("--mode", "replay", "--solver", "dp"), "leave --solver out"),
    ],
)
def test_modes_that_do_not_fit(in_force: Path, options: tuple[str, ...], message: str) -> None:
    """A mode is full or replay, and a replay is no other method."""
    result = edgeplan("replan", _TRAINING, in_force, *options)
    assert result.exit_code == 64
    assert message in " ".join(result.stderr.split())


def test_only_training_pipelines_are_replayed(best: Path) -> None:
    """A kind without that method says so."""
    result = edgeplan("replan", INSTANCE, best, "--mode", "replay")
    assert result.exit_code == 64
    assert "not replayed" in result.stderr


@pytest.mark.parametrize(
    ("instance", "other"), [("readable-4", "stages-5"), ("stages-5", "readable-4")]
)
def test_a_plan_of_another_kind_is_refused(instance: str, other: str, tmp_path: Path) -> None:
    """What is in force has to be a plan for the problem: a mistake in the usage, said in words."""
    found = best_known(other).plan
    assert found is not None
    path = tmp_path / "other.json"
    path.write_text(found.model_dump_json(), encoding="utf-8")
    result = edgeplan("replan", instance, path)
    assert result.exit_code == 64
    assert "the plan in force is one for" in result.stderr


def test_a_kind_that_is_not_replanned_is_not_sent_to_another_mode(tmp_path: Path) -> None:
    """No mode helps where a kind is not replanned at all."""
    name = "branches-free"
    found = best_known(name).plan
    assert found is not None
    path = tmp_path / "plan.json"
    path.write_text(found.model_dump_json(), encoding="utf-8")
    result = edgeplan("replan", name, path, "--mode", "replay")
    said = " ".join(result.stderr.split())
    assert result.exit_code == 64
    assert "change the problem instead" in said
    assert "--mode full" not in said
