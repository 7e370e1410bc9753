"""edgeplan gate: both levels from a table of prompts, and what it cannot do."""

import json
import sys
from pathlib import Path

import pytest

from tests.api.conftest import edgeplan

pytest.importorskip("sklearn", reason="the extra 'gate' is not installed")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated table of prompts."""
    path = tmp_path_factory.mktemp("gate") / "prompts.json"
    settings = ("prompts=400", "experts=4", "categories=2", "specialisation=80")
    made = edgeplan("generate", "--kind", "prompts", *settings, "--seed", "3", "-o", path)
    assert made.exit_code == 0, made.output
    return path


def test_both_levels(table: Path, tmp_path: Path) -> None:
    """A selection within the budget, proved, and four mean scores on the other half."""
    problem = tmp_path / "selection.json"
    arguments = ("gate", table, "--energy-limit", "40 J", "--json", "--problem", problem)
    answer = edgeplan(*arguments)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert found["grade"] == "optimal"
    assert 0 < found["energy_uj"] <= found["energy_limit_uj"] == 40_000_000
    assert found["trained_on"] == found["held_out"] == 200
    assert found["best_single"] in found["experts"]
    assert found["restricted_ppm"] > found["uniform_ppm"] > 0
    again = edgeplan("solve", problem, "--solver", "enumeration", "--json")
    assert sorted(json.loads(again.stdout)["plan"]["experts"]) == sorted(found["experts"])


def test_a_given_selection_is_measured(table: Path, tmp_path: Path) -> None:
    """A plan takes the place of the coarse level; one of other experts is refused."""
    plan = tmp_path / "plan.json"
    plan.write_text('{"kind": "expert_selection", "experts": ["expert-1", "expert-3"]}')
    shown = edgeplan("gate", table, plan)
    assert shown.exit_code == 0, shown.output
    assert "kept expert-1, expert-3 of 4 experts (given)" in shown.stdout
    assert "gate trained again on these" in shown.stdout
    assert edgeplan("gate", table, plan, "--energy-limit", "1 J").exit_code == 64
    plan.write_text('{"kind": "expert_selection", "experts": ["nobody"]}')
    refused = edgeplan("gate", table, plan)
    assert refused.exit_code == 64
    assert "nobody" in refused.stderr


def test_a_budget_for_nobody_is_infeasible(table: Path) -> None:
    """No expert answers for a microjoule; the least budget that would do is named."""
    answer = edgeplan("gate", table, "--energy-limit", "1 uJ")
    assert answer.exit_code == 4
    assert "would do" in answer.stderr


def test_tables_that_teach_nothing_are_refused(table: Path) -> None:
    """Ragged rows are a fault of the document, wrong answers throughout one of the table."""
    document = json.loads(table.read_text())
    document["prompts"][7]["scores_ppm"] = [0]
    ragged = edgeplan("gate", "-", stdin=json.dumps(document))
    assert ragged.exit_code == 65
    assert "prompts/7 has 1 scores for 4 experts" in ragged.stderr
    for prompt in document["prompts"]:
        prompt["scores_ppm"] = [0, 0, 0, 0]
    hopeless = edgeplan("gate", "-", stdin=json.dumps(document))
    assert hopeless.exit_code == 65
    assert "two experts" in hopeless.stderr


def test_without_scikit_learn_the_remedy_is_named(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The extra is named, and the exit status is that of a missing program."""
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    answer = edgeplan("gate", table)
    assert answer.exit_code == 69
    assert "edgeplan[gate]" in answer.stderr
