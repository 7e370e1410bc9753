"""Placements of experts beyond the oracle's reach: EPLB by hand, bounds, larger searches."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import read_problem
from models.problems.expert_balance import (
    BalanceDevice,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
)
from models.result import Limits, Reason
from planner import explain
from planner.bounds import lower_bound
from planner.verify import verify
from planner.verify.expert_balance_flow import least_time
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.expert_balance import BalanceSpec
from solvers.heuristic.expert_balance import eplb
from solvers.registry import entry
from solvers.tables.expert_balance import build, too_few, value
from tests.balance_strategies import expert_balance
from tests.oracles import expert_balance as oracle

LIMITS = Limits(time_limit_ns=60 * 10**9)


def _balance(spec: BalanceSpec) -> ExpertBalanceProblem:
    problem = read_problem(generate(spec))
    assert isinstance(problem, ExpertBalanceProblem)
    return problem


def _solved(problem: ExpertBalanceProblem, method: str) -> tuple[int, ExpertBalancePlan]:
    found = entry(problem.kind, method)
    assert found is not None
    plan = found.load().solve(problem, LIMITS).plan
    assert plan is not None
    return verify(problem, plan).objective or 0, plan


def test_eplb_by_hand() -> None:
    """Two spare slots go to the largest load per replica; packing is longest first.

    Loads 90, 40, 20, 10 on two devices of three slots: 90 gets both (45, then 30 per replica); then
    40 and 30, 30 | 20, 10 are packed to the lighter device with room.
    """
    problem = ExpertBalanceProblem(
        devices=tuple(BalanceDevice(name=name, slots=3) for name in "ab"),
        windows=(LoadWindow(name="w", loads=((90, 40, 20, 10),)),),
        mode=Mode.EQUAL_SPLIT,
    )
    objective, plan = _solved(problem, "eplb")
    assert plan.physical_to_logical_map == ((0, 1, 3, 0, 0, 2),)
    assert objective == 80_000


def test_eplb_packs_groups_to_nodes() -> None:
    """Groups go to nodes in equal numbers, longest first, and stay there."""
    problem = load("nodes-8")
    assert isinstance(problem, ExpertBalanceProblem)
    _, plan = _solved(problem, "eplb")
    (row,) = plan.physical_to_logical_map
    assert {expert // 2 for expert in row[:6]} == {0, 3}
    assert {expert // 2 for expert in row[6:]} == {1, 2}


@pytest.mark.parametrize("mode", ["split", "equal_split"])
@pytest.mark.parametrize("nodes", [0, 4])
def test_search_betters_eplb_and_keeps_above_the_bound(mode: str, nodes: int) -> None:
    """On 64 experts and 16 devices the search is between the bound and EPLB, near the bound."""
    spec = BalanceSpec(
        seed=5, layers=1, experts=64, devices=16, slots=80, windows=1, skew=50, mode=mode,
        tokens=40_000, nodes=nodes, groups=8,
    )  # fmt: skip
    problem = _balance(spec)
    baseline, _ = _solved(problem, "eplb")
    found, _ = _solved(problem, "local-search")
    bound = lower_bound(problem)
    assert bound is not None
    assert bound <= found <= baseline
    assert 2 * (found - bound) <= baseline - bound


def test_two_stages_do_better_on_windows_than_the_mean() -> None:
    """A placement for the windows serves them better than one for their sum."""
    problem = _balance(BalanceSpec(seed=2, layers=1, windows=6, skew=75, drift=60))
    total = tuple(map(sum, zip(*(window.loads[0] for window in problem.windows), strict=True)))
    summed = problem.model_copy(update={"windows": (LoadWindow(name="sum", loads=(total,)),)})
    _, mean_plan = _solved(summed, "local-search")
    found, _ = _solved(problem, "local-search")
    assert found <= (verify(problem, mean_plan).objective or 0)


def test_slower_devices_get_less() -> None:
    """With one device at half speed the search leaves it less than its equal part."""
    problem = _balance(
        BalanceSpec(seed=4, layers=1, windows=1, slow=4, mode="equal_split", tokens=9_000)
    )
    found, _ = _solved(problem, "local-search")
    equal = _balance(BalanceSpec(seed=4, layers=1, windows=1, mode="equal_split", tokens=9_000))
    _, unaware = _solved(equal, "local-search")
    assert found < (verify(problem, unaware).objective or 0)


def test_sweep_lessens_hops() -> None:
    """The sweep finds fewer hops than the balanced placement, within the slack."""
    spec = BalanceSpec(
        seed=1, layers=4, experts=16, devices=4, slots=16, windows=1, mode="equal_split",
        objective="hops", transitions=True, skew=25,
    )  # fmt: skip
    problem = _balance(spec).model_copy(update={"balance_slack_ppm": 200_000})
    before, _ = _solved(problem, "eplb")
    after, _ = _solved(problem, "affinity-sweep")
    assert after < before


def test_proof_of_a_generated_problem_agrees() -> None:
    """CP-SAT's cuts and HiGHS' flows prove the same optimum of a split with a slow device."""
    problem = load("drifting-8")
    for method in ("cpsat", "milp", "polish"):
        found = entry(problem.kind, method)
        assert found is not None
        claim = found.load().solve(problem, LIMITS)
        assert claim.reason is Reason.COMPLETED
        assert claim.lower_bound == 1_000_667


@given(
    loads=st.dictionaries(
        st.frozensets(st.integers(0, 3), min_size=1), st.integers(0, 10**6), min_size=1
    ),
    rates=st.tuples(*[st.integers(1, 10**6)] * 4),
)
@settings(deadline=None, max_examples=80)
def test_flows_take_as_long_as_halls_condition_says(
    loads: dict[frozenset[int], int], rates: tuple[int, ...]
) -> None:
    """Newton's method on cuts finds the largest ratio over all sets of devices, exactly."""
    sets = [
        frozenset(g for g, inside in enumerate(bits) if inside)
        for bits in product([False, True], repeat=4)
    ]
    worst = max(
        Fraction(
            sum(tokens for hosts, tokens in loads.items() if hosts <= chosen),
            sum(rates[g] for g in chosen),
        )
        for chosen in sets
        if chosen
    )
    assert least_time(loads, rates) == worst


@given(expert_balance())
@settings(deadline=None, max_examples=60)
def test_bounds_are_below_the_optimum(problem: ExpertBalanceProblem) -> None:
    """The combinatorial bound is never above the optimum."""
    bound, optimum = lower_bound(problem), oracle.optimum(problem)
    assert bound is not None
    assert optimum is None or bound <= optimum


@given(expert_balance())
@settings(deadline=None, max_examples=60)
def test_tables_price_as_the_verifier_does(problem: ExpertBalanceProblem) -> None:
    """A layer's value in the solvers' tables is what the verifier makes of the same replicas."""
    if problem.unit != "ns" or problem.slots < problem.experts:
        return
    layers = build(problem)
    if not layers[0].feasible:
        return
    placed = [eplb(layer) for layer in layers]
    _, plan = _solved(problem, "eplb")
    total = sum(value(layer, counts) for layer, counts in zip(layers, placed, strict=True))
    assert verify(problem, plan).objective == total


def test_missing_slots_are_named() -> None:
    """Without slots enough, or on one node, the explanation counts what is missing."""
    problem = load("too-few-slots")
    (line,) = explain.infeasible(problem, 10**9)
    assert line.endswith("2 more would do")
    tight = load("nodes-8")
    assert isinstance(tight, ExpertBalanceProblem)
    small = tuple(
        d.model_copy(update={"slots": 1 if d.node == "node-1" else 5}) for d in tight.devices
    )
    crowded = tight.model_copy(update={"devices": small})
    assert too_few(build(crowded)[0]) == "a node has fewer slots than its groups have experts"
    assert isinstance(problem, ExpertBalanceProblem)
    assert too_few(build(problem)[0]) == "fewer slots than experts"
    lines = explain.infeasible(crowded, 10**9)
    assert lines == ("node-1 has 2 slots for the 4 experts of its groups: 2 more would do",)


def test_the_needed_slack_is_named() -> None:
    """Hops without any placement in balance are told the slack that is enough."""
    problem = load("hops-6").model_copy(update={"balance_slack_ppm": 0})
    lines = explain.infeasible(problem, 20 * 10**9)
    assert lines[0].startswith("no placement is in balance; a slack of ")


def test_what_binds_names_layers_and_eplb() -> None:
    """A plan that is not at its bound is explained by its layers, with EPLB's cost beside."""
    problem = load("readable-6")
    _, plan = _solved(problem, "milp")
    lines = explain.binding(problem, plan, 10**9)
    assert lines[0].startswith("layer 0 takes 140.00 µs, at least 133.33 µs")
    assert lines[-1] == "EPLB's placement costs 175.00 µs, 1.2500 times this one"


def test_numbers_of_replicas_fill_all_slots() -> None:
    """EPLB's placement uses every slot of devices with unequal numbers of them."""
    problem = ExpertBalanceProblem(
        devices=(BalanceDevice(name="a", slots=1), BalanceDevice(name="b", slots=6)),
        windows=(LoadWindow(name="w", loads=((5, 4, 3, 2),)),),
    )
    (layer,) = build(problem)
    assert np.array_equal(eplb(layer).sum(axis=0), [1, 6])
