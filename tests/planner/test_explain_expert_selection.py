"""Explanations of expert selections name what is in the way and what would do."""

import re

import pytest
from hypothesis import HealthCheck, given, settings

import problem_instances
from models.problems.expert_selection import ExpertSelectionProblem
from planner import explain
from tests.oracles import expert_selection as oracle
from tests.planner.test_verify_expert_selection import BOTH, problem
from tests.strategies import expert_selection

_TIME_NS = 20 * 10**9


def test_a_deadline_that_nobody_meets_is_named() -> None:
    """The category, its deadline, and what the fastest expert needs."""
    hasty = problem(deadline_ns={"code": 200_000_000})
    assert explain.infeasible(hasty, _TIME_NS) == (
        "no expert answers category 'code' within 200 ms; the fastest needs 294 ms "
        "('b' for cluster 'c')",
    )


def test_the_shipped_instance_without_a_plan_is_explained() -> None:
    """The hasty instance names its category "stem"."""
    hasty = problem_instances.load("mmlu-open-models-hasty")
    (line,) = explain.infeasible(hasty, _TIME_NS)
    assert line.startswith("no expert answers category 'stem' within 400 ms; the fastest needs ")


def test_the_least_budget_that_would_do_is_named() -> None:
    """With 10 µJ neither expert may serve; 12 are enough for a, and no less."""
    poor = problem(energy_limit_uj=10)
    assert explain.infeasible(poor, _TIME_NS) == (
        "energy (worst case): 10 µJ are too little by themselves; 12 µJ would do",
    )


def test_what_a_budget_costs_is_told() -> None:
    """Room for one expert costs the best answers to "code"."""
    standing, line = explain.binding(problem(max_experts=1), ONE, _TIME_NS)
    assert standing == "no plan is better"
    assert line.startswith("experts in service, at most 1 expert, costs 7.50 %: without it ")


def test_what_time_does_not_settle_is_not_denied() -> None:
    """Without time no budget is called innocent, and none free."""
    assert explain.infeasible(problem(energy_limit_uj=10), 0) == (
        "whether a plan is possible without any budget is not known in time",
    )
    lines = explain.binding(problem(max_experts=1), ONE, 0)
    assert lines[0] == "whether a better plan exists is not known in time"
    assert lines[1] == "what experts in service, at most 1 expert, costs is not known in time"


def test_no_budget_is_blamed_for_what_deadlines_forbid() -> None:
    """Two alternatives, each the only answer to a cluster: no budget is in the way."""
    only_code, only_law = (
        expert.model_copy(update={"group": "either", "quality_ppm": qualities})
        for expert, qualities in zip(
            problem().experts, ((500_000, None), (None, 800_000)), strict=True
        )
    )
    torn = problem(experts=(only_code, only_law), max_experts=2, energy_limit_uj=100)
    assert explain.infeasible(torn, _TIME_NS) == ("no plan is possible even without any budget",)


ONE = BOTH.model_copy(update={"experts": ("b",)})


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(tight=expert_selection())
def test_every_infeasible_problem_gets_an_explanation(tight: ExpertSelectionProblem) -> None:
    """Whatever is in the way, there is at least one line, without a placeholder in it."""
    if oracle.optimum(tight) is not None:
        return
    lines = explain.infeasible(tight, _TIME_NS)
    assert lines
    assert not any(re.search(r"None|nan|inf\b", line) for line in lines)


@pytest.mark.parametrize("name", problem_instances.names("expert_selection"))
def test_shipped_plans_have_their_budgets_priced(name: str) -> None:
    """Each instance with a plan says what its budgets cost or use."""
    best = problem_instances.best_known(name)
    if best.plan is not None:
        assert explain.binding(problem_instances.load(name), best.plan, _TIME_NS)
