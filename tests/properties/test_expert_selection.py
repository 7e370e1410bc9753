"""Laws of expert selection that hold whatever the figures are."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import problem_instances
from models.problems.expert_selection import Expert, ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from solvers.base import Stopwatch
from solvers.registry import REGISTRY
from solvers.search.expert_selection_bounds import LinearBound
from solvers.search.expert_selection_boxes import Box, BoxSearch
from solvers.search.expert_selection_incumbent import TOLERANCE, Incumbent
from solvers.search.expert_selection_lines import ShareLines, lines_of
from solvers.search.expert_selection_reduce import reduce
from solvers.tables.expert_selection import build, latencies
from solvers.tables.expert_selection_monotone import counter_example
from tests.oracles import expert_selection as oracle
from tests.strategies import expert_selection

Problem = ExpertSelectionProblem
QUIET = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
LINEAR = (
    QualityModel.MODULAR,
    QualityModel.BEST_EXPERT,
    QualityModel.TOP_K,
    QualityModel.COVERAGE,
)


def solved(problem: Problem) -> int | None:
    """The optimum by the first method that takes the problem."""
    for entry in REGISTRY["expert_selection"]:
        claim = entry.load().solve(problem, Limits())
        if claim.reason is Reason.UNSUPPORTED:
            continue
        assert claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)
        return None if claim.plan is None else verify(problem, claim.plan).objective
    raise AssertionError("no method takes the problem")


def changed(problem: Problem, **fields: Any) -> Problem:
    """The problem with other fields, validated."""
    return Problem.model_validate({**dict(problem), **fields})


def _relaxed(problem: Problem, budget: str, more: int) -> Problem:
    if budget == "energy":
        assume(problem.energy_limit_uj is not None)
        return changed(problem, energy_limit_uj=(problem.energy_limit_uj or 0) + more)
    if budget == "experts":
        assume(problem.max_experts is not None)
        return changed(problem, max_experts=(problem.max_experts or 0) + more)
    graph = problem.device_graph
    roomier = tuple(
        device.model_copy(update={"memory_bytes": device.memory_bytes + more})
        for device in graph.devices
    )
    return changed(problem, device_graph=graph.model_copy(update={"devices": roomier}))


@pytest.mark.parametrize("budget", ["energy", "memory", "experts"])
def test_quality_never_falls_when_a_budget_grows(budget: str) -> None:
    """More energy, memory or places for experts never raises the least shortfall."""

    @QUIET
    @given(problem=expert_selection(), more=st.integers(1, 20))
    def check(problem: Problem, more: int) -> None:
        before = solved(problem)
        after = solved(_relaxed(problem, budget, more))
        if before is not None:
            assert after is not None
            assert after <= before

    check()


@QUIET
@given(problem=expert_selection(), data=st.data())
def test_renaming_experts_changes_nothing(problem: Problem, data: st.DataObject) -> None:
    """Other names in another order leave the optimum where it is."""
    order = data.draw(st.permutations(problem.experts))
    names = {expert.name: f"renamed-{index}" for index, expert in enumerate(problem.experts)}
    renamed = tuple(e.model_copy(update={"name": names[e.name]}) for e in order)
    measured = problem.measured and tuple(
        row.model_copy(update={"experts": tuple(names[name] for name in row.experts)})
        for row in problem.measured
    )
    assert solved(changed(problem, experts=renamed, measured=measured)) == solved(problem)


def _without_late_pairs(problem: Problem) -> Problem:
    """The problem with the maximum over latencies spelled out: late pairs or experts gone."""
    late = latencies(problem) > np.array(
        [problem.deadline_ns.get(c.category, 2**60) for c in problem.clusters]
    ).reshape(-1, 1)
    experts: list[Expert] = []
    for expert, column in zip(problem.experts, late.T, strict=True):
        quality = tuple(
            None if is_late else value
            for value, is_late in zip(expert.quality_ppm, column, strict=True)
        )
        if problem.latency_mode is LatencyMode.ROUTED:
            experts.append(expert.model_copy(update={"quality_ppm": quality}))
        elif quality == expert.quality_ppm:
            experts.append(expert)
    assume(experts)
    names = {expert.name for expert in experts}
    measured = problem.measured and tuple(
        row for row in problem.measured if set(row.experts) <= names
    )
    return changed(problem, experts=tuple(experts), measured=measured, deadline_ns={})


@QUIET
@given(problem=expert_selection())
def test_latency_is_only_a_filter(problem: Problem) -> None:
    """Deadlines change as much as taking late pairs, or late experts, out of the document."""
    assert solved(_without_late_pairs(problem)) == solved(problem)


@QUIET
@given(
    problem=expert_selection(models=LINEAR, energy_modes=(EnergyMode.WORST_CASE,)),
    steps=st.integers(1, 30),
)
def test_linear_bounds_are_never_below_the_optimum(problem: Problem, steps: int) -> None:
    """After any number of steps the descent's bound lies above the best quality."""
    optimum = oracle.optimum(problem)
    assume(optimum is not None)
    tables = build(problem)
    lines = lines_of(tables.function)
    assert lines is not None
    linear = LinearBound(tables, lines, Stopwatch(Limits(), None))
    bound = linear.bound(linear.root(tables.allowed), -np.inf, steps).bound[0]
    assert np.ceil(MILLION - bound - TOLERANCE) <= optimum


@QUIET
@given(
    problem=expert_selection(
        models=(QualityModel.BEST_EXPERT, QualityModel.TOP_K), energy_modes=(EnergyMode.WORST_CASE,)
    ),
    data=st.data(),
)
def test_the_prefix_bound_is_never_below_the_optimum(problem: Problem, data: st.DataObject) -> None:
    """f(A) and a fractional knapsack of the gains over A bound every plan, whatever A is."""
    optimum = oracle.optimum(problem)
    assume(optimum is not None)
    tables = build(problem)
    lines = lines_of(tables.function)
    assume(isinstance(lines, ShareLines))
    state = lines.empty()[None]
    for expert in data.draw(st.lists(st.integers(0, tables.experts - 1), unique=True)):
        state = lines.grow(state, np.array([expert]))
    linear = LinearBound(tables, lines, Stopwatch(Limits(), None))
    root = replace(linear.root(tables.allowed), params=state[:, 0])
    assert np.ceil(MILLION - linear.bound(root, -np.inf, 1).bound[0] - TOLERANCE) <= optimum


@QUIET
@given(
    problem=expert_selection(
        models=(QualityModel.GATED, QualityModel.TABLE),
        energy_modes=(EnergyMode.WORST_CASE, EnergyMode.WORST_TOP_K),
    )
)
def test_the_bound_of_a_box_is_never_below_its_best(problem: Problem) -> None:
    """What has to be left out of a box that breaks a budget never bounds it too low."""
    optimum = oracle.optimum(problem)
    assume(optimum is not None)
    tables = build(problem)
    boxes = BoxSearch(tables, Stopwatch(Limits(), None), Incumbent(tables, None))
    inside, free, alive = reduce(tables, tables.chosen([])[None], tables.allowed[None])
    assert alive[0]
    bound, without = boxes.bounds(Box(inside[0], free[0]))
    assert np.ceil(MILLION - bound - TOLERANCE) <= optimum
    for plan in oracle.plans(problem):
        objective = verify(problem, plan).objective
        chosen = tables.members(plan)
        if objective is not None and chosen is not None:
            left_out = without[free[0] & ~chosen]
            assert (np.ceil(MILLION - left_out - TOLERANCE) <= objective).all()


@QUIET
@given(problem=expert_selection(energy_modes=(EnergyMode.WORST_CASE, EnergyMode.WORST_TOP_K)))
def test_nobody_serves_for_nothing(problem: Problem) -> None:
    """Of the search's plan, no expert can leave without making it worse or breaking a rule."""
    claim = REGISTRY["expert_selection"][0].load().solve(problem, Limits())
    assume(claim.plan is not None)
    objective = verify(problem, claim.plan).objective
    for name in claim.plan.experts:
        fewer = tuple(other for other in claim.plan.experts if other != name)
        without = verify(problem, claim.plan.model_copy(update={"experts": fewer}))
        assert without.objective is None or without.objective > objective


@QUIET
@given(problem=expert_selection())
def test_the_bound_of_all_experts_is_never_above_the_optimum(problem: Problem) -> None:
    """No budget lets a plan beat the shortfall with every expert in service."""
    optimum = oracle.optimum(problem)
    bound = lower_bound(problem)
    assert bound is not None
    assert optimum is None or bound <= optimum


@pytest.mark.parametrize("time_limit_ns", [10**6, 2 * 10**7, 10**8])
def test_gap_at_a_time_limit_is_valid(time_limit_ns: int) -> None:
    """Stopped anywhere, the search brackets the known optimum."""
    problem = problem_instances.load("synthetic-best-expert")
    known = problem_instances.best_known("synthetic-best-expert").objective
    assert known is not None
    claim = (
        REGISTRY["expert_selection"][0].load().solve(problem, Limits(time_limit_ns=time_limit_ns))
    )
    if claim.lower_bound is not None:
        assert claim.lower_bound <= known
    if claim.plan is not None:
        assert (verify(problem, claim.plan).objective or 0) >= known


@pytest.mark.parametrize("model", QualityModel)
def test_methods_agree_on_fourteen_experts(model: QualityModel) -> None:
    """Up to 14 experts, where the oracle is too slow, all exact methods come to the same.

    One of them is the enumeration, or, where the plan routes, each program is the other's check.
    """
    methods = [entry for entry in REGISTRY["expert_selection"] if entry.name in _REFERENCES]

    @settings(QUIET, max_examples=10)
    @given(problem=expert_selection(most=14, models=(model,)))
    def check(problem: Problem) -> None:
        claims = [entry.load().solve(problem, Limits()) for entry in methods]
        claims = [claim for claim in claims if claim.reason is not Reason.UNSUPPORTED]
        assert len(claims) >= 2
        assert len({(claim.reason, claim.lower_bound) for claim in claims}) == 1

    check()


# The polyblock would take minutes.
_REFERENCES = ("monotonic", "milp", "cpsat", "cuts", "enumeration")


# There routing is a decision of its own, which the assignment program alone takes, by two backends.
_ROUTED = {(model, EnergyMode.EXPECTED) for model in (QualityModel.BEST_EXPERT, QualityModel.TOP_K)}


@pytest.mark.parametrize(("model", "mode"), list(product(QualityModel, EnergyMode)))
def test_two_unrelated_methods_take_every_model_and_mode(
    model: QualityModel, mode: EnergyMode
) -> None:
    """Two families of exact methods answer, but for one program where routing is a decision."""

    @settings(QUIET, max_examples=3)
    @given(problem=expert_selection(models=(model,), energy_modes=(mode,)))
    def check(problem: Problem) -> None:
        families = {
            entry.traits.family
            for entry in REGISTRY["expert_selection"]
            if entry.traits.exact
            and entry.load().solve(problem, Limits()).reason is not Reason.UNSUPPORTED
        }
        assert len(families) == 1 if (model, mode) in _ROUTED else len(families) >= 2

    check()


@QUIET
@given(problem=expert_selection(models=(QualityModel.GATED, QualityModel.TABLE)))
def test_monotonicity_is_checked_not_assumed(problem: Problem) -> None:
    """A counter-example is named exactly where adding one expert can lower the quality."""
    tables = build(problem)
    size = tables.experts
    masks = (np.arange(2**size)[:, None] >> np.arange(size) & 1).astype(np.bool_)
    quality = tables.function.values(masks)
    falls = any(
        np.isfinite([quality[number ^ 1 << bit], quality[number]]).all()
        and quality[number ^ 1 << bit] > quality[number] + 1e-6
        for number in range(2**size)
        for bit in range(size)
        if number >> bit & 1 and number != 1 << bit
    )
    assert (counter_example(tables) is not None) == falls
