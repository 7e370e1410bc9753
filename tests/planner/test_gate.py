"""The two-level gate on synthetic prompts; skipped, visibly, without scikit-learn."""

import numpy as np
import pytest

from models.result import Limits
from planner.gate import Gate, GateError, quality, report, selection_problem, train
from problem_instances.generators.prompts import Prompts, synthetic_prompts
from solvers.registry import entries

pytest.importorskip("sklearn", reason="the extra 'gate' is not installed")

EXPERTS = 6


@pytest.fixture(scope="module")
def halves() -> tuple[Prompts, Prompts]:
    """Prompts to train on and held-out ones, of strongly specialised experts."""
    return synthetic_prompts(seed=3, experts=EXPERTS, categories=3, specialisation=90).split()


@pytest.fixture(scope="module")
def gate(halves: tuple[Prompts, Prompts]) -> Gate:
    """A gate trained on all experts."""
    return train(halves[0])


def _chosen(*members: int) -> np.ndarray:
    mask = np.zeros(EXPERTS, dtype=np.bool_)
    mask[list(members)] = True
    return mask


def test_equal_seeds_give_equal_prompts() -> None:
    """The generator repeats, and refuses a specialisation beyond 100."""
    first, second = synthetic_prompts(seed=1), synthetic_prompts(seed=1)
    assert np.array_equal(first.features, second.features)
    assert np.array_equal(first.scores, second.scores)
    with pytest.raises(ValueError, match="specialisation"):
        synthetic_prompts(seed=1, specialisation=101)


def test_restriction_normalises_over_the_subset(
    gate: Gate, halves: tuple[Prompts, Prompts]
) -> None:
    """Restricted weights add up to 1, vanish outside, and keep the ratios of the full gate."""
    features = halves[1].features
    full = gate.weights(features, np.ones(EXPERTS, dtype=np.bool_))
    part = gate.weights(features, _chosen(0, 2, 3))
    assert np.allclose(part.sum(axis=1), 1)
    assert not part[:, [1, 4, 5]].any()
    assert np.allclose(part[:, 0] * full[:, 2], part[:, 2] * full[:, 0])


def test_a_restricted_gate_beats_experts_by_themselves(
    gate: Gate, halves: tuple[Prompts, Prompts]
) -> None:
    """With specialised experts, routing is better than the best one and than asking at random."""
    found = report(gate, *halves, _chosen(0, 1, 2), k=1)
    assert found.restricted > found.best_single
    assert found.restricted > found.uniform
    assert abs(found.lost_by_restriction) < 0.05


def test_quality_weighs_the_k_largest() -> None:
    """Weights 0.6 and 0.3 of three, scores 1 and 0: two thirds."""
    prompts = Prompts(np.zeros((1, 1)), np.array([[1.0, 0.0, 1.0]]), np.zeros(1, dtype=np.int64))
    assert quality(np.array([[0.6, 0.3, 0.1]]), prompts, k=2) == pytest.approx(2 / 3)


def test_both_levels_together(gate: Gate, halves: tuple[Prompts, Prompts]) -> None:
    """The gate's own problem is solved, and the selection it keeps is worth a report."""
    problem = selection_problem(gate, halves[0], energy_uj=(10,) * EXPERTS, limit_uj=30)
    claim = entries("expert_selection")[0].load().solve(problem, Limits())
    assert claim.plan is not None
    assert 1 <= len(claim.plan.experts) <= 3
    names = [expert.name for expert in problem.experts]
    chosen = _chosen(*(names.index(name) for name in claim.plan.experts))
    if len(claim.plan.experts) > 1:
        assert 0 < report(gate, *halves, chosen, k=2).restricted <= 1


def test_a_gate_that_cannot_learn_is_refused(halves: tuple[Prompts, Prompts]) -> None:
    """One expert leaves nothing to choose between."""
    with pytest.raises(GateError, match="two experts"):
        train(halves[0], _chosen(1))
