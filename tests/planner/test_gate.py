"""The two-level gate on synthetic prompts; skipped, visibly, without scikit-learn."""

import numpy as np
import pytest

from models.documents import read_prompts
from models.problems.expert_selection_modes import QualityModel
from models.prompts import PromptTable
from models.result import Limits
from planner.gate import Gate, GateError, Prompts, quality, report, restricted, train
from planner.gate_selection import TABLE_EXPERTS, Trained, learn, selection_problem, two_levels
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.prompts import PromptsSpec
from solvers.registry import entries

pytest.importorskip("sklearn", reason="the extra 'gate' is not installed")

EXPERTS = 6


def _table(**fields: int) -> PromptTable:
    """A generated table, through its document."""
    return read_prompts(generate(PromptsSpec(**{"seed": 3, "prompts": 1_200, **fields})))


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A gate trained on all of six strongly specialised experts."""
    return learn(_table(experts=EXPERTS, categories=3, specialisation=90))


@pytest.fixture(scope="module")
def halves(trained: Trained) -> tuple[Prompts, Prompts]:
    """Its prompts to train on and held-out ones."""
    return trained.training, trained.held_out


@pytest.fixture(scope="module")
def gate(trained: Trained) -> Gate:
    """The gate itself."""
    return trained.gate


def _chosen(*members: int) -> np.ndarray:
    mask = np.zeros(EXPERTS, dtype=np.bool_)
    mask[list(members)] = True
    return mask


def test_equal_seeds_give_equal_tables() -> None:
    """The generator repeats, and refuses a specialisation beyond 100."""
    assert generate(PromptsSpec(seed=1, prompts=9)) == generate(PromptsSpec(seed=1, prompts=9))
    assert generate(PromptsSpec(seed=1, prompts=9)) != generate(PromptsSpec(seed=2, prompts=9))
    with pytest.raises(ValueError, match="specialisation"):
        PromptsSpec(seed=1, specialisation=101)


def test_restriction_normalises_over_the_subset(
    gate: Gate, halves: tuple[Prompts, Prompts]
) -> None:
    """Restricted weights add up to 1, vanish outside, and keep the ratios of the full gate."""
    features = halves[1].features
    logits = gate.logits(features)
    full = restricted(logits, np.ones(EXPERTS, dtype=np.bool_))
    part = restricted(logits, _chosen(0, 2, 3))
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
    prompts = Prompts(np.zeros((1, 1)), np.array([[1.0, 0.0, 1.0]]), np.array(["code"]))
    assert quality(np.array([[0.6, 0.3, 0.1]]), prompts, k=2) == pytest.approx(2 / 3)


def test_one_expert_alone_needs_no_second_gate(gate: Gate, halves: tuple[Prompts, Prompts]) -> None:
    """Whoever routes, one expert answers everything."""
    found = report(gate, *halves, _chosen(2), k=2)
    assert found.restricted == found.retrained == found.best_single == found.uniform


@pytest.mark.parametrize("k", [1, 2])
def test_both_levels_together(trained: Trained, k: int) -> None:
    """What the selection promises is what the restricted gate reaches on the training prompts."""
    cheapest = sorted(e.request_energy_uj for e in trained.table.experts)
    problem = selection_problem(trained, k, limit_uj=sum(cheapest[:3]))
    claim = entries("expert_selection")[0].load().solve(problem, Limits())
    assert claim.plan is not None
    found = two_levels(trained, problem, claim.plan.experts, k)
    assert found.energy_uj <= sum(cheapest[:3])
    names = [expert.name for expert in trained.table.experts]
    chosen = _chosen(*(names.index(name) for name in claim.plan.experts))
    logits = trained.gate.logits(trained.training.features)
    promised = quality(restricted(logits, chosen), trained.training, k)
    assert verify(problem, claim.plan).objective == 10**6 - round(promised * 10**6)
    for number in range(1, 2**EXPERTS):
        mask = (number >> np.arange(EXPERTS) & 1).astype(np.bool_)
        energy = sum(trained.table.experts[i].request_energy_uj for i in np.flatnonzero(mask))
        if energy <= sum(cheapest[:3]):
            assert quality(restricted(logits, mask), trained.training, k) <= promised + 1e-6


def test_many_experts_are_selected_by_their_mean_weights() -> None:
    """Above the size whose subsets are all measured, the gate's mean weights stand for them."""
    trained = learn(_table(prompts=400, experts=TABLE_EXPERTS + 2))
    problem = selection_problem(trained, 1, None)
    assert problem.quality_model is QualityModel.GATED
    weights = np.array([expert.gate_weight for expert in problem.experts])
    assert np.allclose(weights.sum(axis=0), 10**6, rtol=1e-4)


def test_a_gate_that_cannot_learn_is_refused(halves: tuple[Prompts, Prompts]) -> None:
    """One expert leaves nothing to choose between."""
    with pytest.raises(GateError, match="two experts"):
        train(halves[0], _chosen(1))
