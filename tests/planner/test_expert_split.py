"""A batch among replicas: whole tokens on hosts, as fast as the exact flows up to rounding."""

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
from tests.balance_strategies import expert_balance
from tests.oracles import expert_balance as oracle


@given(expert_balance(), st.data())
@settings(deadline=None, max_examples=60)
def test_flows_are_whole_and_nearly_the_exact_ones(
    problem: ExpertBalanceProblem, data: st.DataObject
) -> None:
    """Tokens add up to the batch; no device takes longer than exactly needed plus rounding."""
    problem = problem.model_copy(
        update={"mode": Mode.SPLIT, "objective": BalanceObjective.TIME, "previous": None}
    )
    plans = [plan for plan in oracle.plans(problem) if verify(problem, plan).accepted]
    if not plans:
        return
    plan = data.draw(st.sampled_from(plans), label="plan")
    batch = problem.windows[0].loads
    found = split(problem, plan, batch)
    slots = sum(device.slots for device in problem.devices)
    slowest = min(device.tokens_per_s for device in problem.devices)
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
        assert found.time_ns[layer] <= exact + slots * 10**9 // slowest + 1


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
    with pytest.raises(DocumentError, match="/plan"):
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
