"""A batch among replicas: whole tokens on hosts, as fast as whole tokens can be."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import DocumentError
from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
)
from planner.expert_split import split
from planner.replan import changed, moves
from planner.replan.move import ChangeError
from planner.verify import verify
from problem_instances import best_known, load
from solvers.tables.expert_balance_whole import whole_tokens
from tests.balance_strategies import expert_balance
from tests.oracles import expert_balance as oracle


@given(expert_balance(), st.data())
@settings(deadline=None, max_examples=60)
def test_flows_are_whole_and_nearly_the_exact_ones(
    problem: ExpertBalanceProblem, data: st.DataObject
) -> None:
    """Tokens add up to the batch, and no whole split is faster, by Hall's condition on all sets."""
    problem = problem.model_copy(
        update={"mode": Mode.SPLIT, "objective": BalanceObjective.TIME, "previous": None}
    )
    plans = [plan for plan in oracle.plans(problem) if verify(problem, plan).accepted]
    if not plans:
        return
    plan = data.draw(st.sampled_from(plans), label="plan")
    batch = problem.windows[0].loads
    found = split(problem, plan, batch)
    rows = zip(plan.physical_to_logical_map, found.tokens, batch, strict=True)
    for layer, (experts, tokens, loads) in enumerate(rows):
        held = np.bincount(np.array(experts), weights=tokens, minlength=problem.experts)
        assert held.astype(int).tolist() == list(loads)
        alone = problem.model_copy(
            update={
                "windows": (LoadWindow(name="w", loads=(loads,)),),
                "tail_weight": 0,
                "tail_windows": 1,
            }
        )
        row = ExpertBalancePlan(physical_to_logical_map=(experts,))
        exact = verify(alone, row).objective
        assert exact is not None
        assert found.balanced_ns[layer] <= exact
        assert exact <= found.time_ns[layer] == _least_ns(problem, experts, loads)
        equal = alone.model_copy(update={"mode": Mode.EQUAL_SPLIT, "transitions": None})
        assert found.equal_ns[layer] == verify(equal, row).objective


def _least_ns(problem: ExpertBalanceProblem, row: tuple[int, ...], loads: tuple[int, ...]) -> int:
    """The least T in which every set of devices takes, in whole tokens, what only it may."""
    devices = range(len(problem.devices))
    rates = [device.tokens_per_s for device in problem.devices]
    slots = [g for g in devices for _ in range(problem.devices[g].slots)]
    hosts = [{g for e, g in zip(row, slots, strict=True) if e == x} for x in range(len(loads))]
    sets = [set(part) for n in devices for part in combinations(devices, n + 1)]
    needs = [
        (part, sum(load for load, on in zip(loads, hosts, strict=True) if on <= part))
        for part in sets
    ]
    low, high = -1, 10**9 * sum(loads)
    while high - low > 1:
        middle = (low + high) // 2
        fits = all(sum(middle * rates[g] // 10**9 for g in part) >= need for part, need in needs)
        low, high = (low, middle) if fits else (middle, high)
    return high


def test_very_unequal_rates_cost_no_more_than_whole_tokens_must() -> None:
    """A device of 7 tokens per s beside ones of a million has the tokens that its time allows."""
    rates = (7, 300_000, 1_000_000, 1_000_000, 1_000_000)
    problem = ExpertBalanceProblem(
        devices=tuple(
            BalanceDevice(name=f"d{n}", slots=2, tokens_per_s=rate) for n, rate in enumerate(rates)
        ),
        windows=(LoadWindow(name="w", loads=((9, 823_000_758),)),),
    )
    row = (1, 1, 0, 1, 0, 1, 1, 1, 1, 1)
    found = split(problem, ExpertBalancePlan(physical_to_logical_map=(row,)), ((9, 823_000_758),))
    assert found.time_ns == (_least_ns(problem, row, (9, 823_000_758)),)
    assert sum(found.tokens[0]) == 823_000_767


def test_alike_is_never_below_perfect_balance() -> None:
    """Where alike is perfect balance, both are the same number: nothing goes through floats."""
    problem = ExpertBalanceProblem(
        devices=tuple(
            BalanceDevice(name=name, slots=1, tokens_per_s=999_999_937) for name in "abc"
        ),
        windows=(LoadWindow(name="w", loads=((999_999_998,),)),),
    )
    plan = ExpertBalancePlan(physical_to_logical_map=((0, 0, 0),))
    found = split(problem, plan, ((999_999_998,),))
    assert found.equal_ns == found.balanced_ns
    assert found.equal_ns == (-(-(10**9) * 999_999_998 // (3 * 999_999_937)),)


def test_flows_that_do_not_add_up_become_whole_on_hosts_only() -> None:
    """A solver's flows a little above or below the load are rounded to the load, on hosts."""
    hosts = np.array([[False, True, True], [True, False, True]])
    flows = np.array([[0.0, 4.0, 3.000001], [1.2, 0.0, 0.9]])
    found = whole_tokens(flows, np.array([6, 5]), hosts)
    assert found.tolist() == [[0, 4, 2], [3, 0, 2]]


def test_the_time_of_whole_tokens_is_exact() -> None:
    """A token on a device of nearly 10⁹ tokens per s takes 2 ns, not 1: no tolerance rounds."""
    problem = ExpertBalanceProblem(
        devices=(BalanceDevice(name="a", slots=1, tokens_per_s=999_999_937),),
        windows=(LoadWindow(name="w", loads=((1,),)),),
    )
    found = split(problem, ExpertBalancePlan(physical_to_logical_map=((0,),)), ((1,),))
    assert found.time_ns == found.balanced_ns == (2,)


def test_batches_that_do_not_fit_are_refused() -> None:
    """Another shape of the batch, or a plan that breaks a rule, is an error with its place."""
    problem, best = load("readable-6-split"), best_known("readable-6-split")
    assert isinstance(problem, ExpertBalanceProblem)
    assert isinstance(best.plan, ExpertBalancePlan)
    with pytest.raises(DocumentError, match="/loads"):
        split(problem, best.plan, ((1, 2, 3),))
    broken = ExpertBalancePlan(physical_to_logical_map=((0,) * 9,))
    with pytest.raises(DocumentError, match=r"/plan.*missing-expert"):
        split(problem, broken, ((1,) * 6,))


def test_lost_and_slowed_devices() -> None:
    """A change keeps the placement of what is left, halves a rate, and prices what comes."""
    problem, best = load("readable-6-split"), best_known("readable-6-split")
    assert isinstance(best.plan, ExpertBalancePlan)
    after = changed(problem, best.plan, ("gpu-2",), (("gpu-1", "2"),), 7)
    assert isinstance(after, ExpertBalanceProblem)
    assert after.previous is not None
    (row,) = best.plan.physical_to_logical_map
    assert after.previous.physical_to_logical_map == ((*row[:3], *row[6:]),)
    assert after.previous.ns_per_replica == 7
    assert [device.tokens_per_s for device in after.devices] == [500_000, 1_000_000]
    other = next(expert for expert in range(6) if expert not in row[6:])
    target = ExpertBalancePlan(physical_to_logical_map=((*row[:3], other, *row[7:]),))
    brought = {move.target for move in moves(after, best.plan, target)}
    assert brought == {"gpu-3"}
    for lost, slowed in ((("gpu-9",), ()), (("gpu-1", "gpu-2", "gpu-3"), ())):
        with pytest.raises(ChangeError):
            changed(problem, best.plan, lost, slowed, 0)
