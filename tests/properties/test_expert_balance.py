"""Laws of expert placement that need no oracle."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    Mode,
)
from planner.verify import verify
from tests.balance_strategies import expert_balance
from tests.oracles import expert_balance as oracle

LAWS = settings(deadline=None, max_examples=40)


def _timed(problem: ExpertBalanceProblem) -> bool:
    return problem.objective is BalanceObjective.TIME


@given(expert_balance())
@LAWS
def test_more_slots_never_hurt_a_split(problem: ExpertBalanceProblem) -> None:
    """A slot more on the first device leaves the optimum of a split no worse."""
    if not _timed(problem) or problem.previous is not None or problem.layers > 1:
        return
    first = problem.devices[0]
    wider = (first.model_copy(update={"slots": first.slots + 1}), *problem.devices[1:])
    split = problem.model_copy(update={"mode": Mode.SPLIT})
    before = oracle.optimum(split)
    after = oracle.optimum(split.model_copy(update={"devices": wider}))
    assert before is None or (after is not None and after <= before)


@given(expert_balance())
@LAWS
def test_a_split_is_never_slower_than_equal_shares(problem: ExpertBalanceProblem) -> None:
    """Whatever the placement, the best flows are no slower than replicas that all take the same."""
    if not _timed(problem):
        return
    for plan in list(oracle.plans(problem))[:50]:
        split, equal = (
            verify(problem.model_copy(update={"mode": mode}), plan).objective
            for mode in (Mode.SPLIT, Mode.EQUAL_SPLIT)
        )
        assert (split is None) == (equal is None)
        assert split is None or equal is None or split <= equal


@given(expert_balance(), st.data())
@LAWS
def test_renaming_changes_nothing(problem: ExpertBalanceProblem, data: st.DataObject) -> None:
    """Experts in another order give the same objective for the plan in the same order."""
    if problem.hierarchical or problem.previous is not None or not _timed(problem):
        return
    order = data.draw(st.permutations(range(problem.experts)), label="order")
    plans = list(oracle.plans(problem))
    plan = data.draw(st.sampled_from(plans), label="plan")
    windows = tuple(
        window.model_copy(
            update={"loads": tuple(tuple(row[e] for e in order) for row in window.loads)}
        )
        for window in problem.windows
    )
    place = {expert: index for index, expert in enumerate(order)}
    rows = tuple(tuple(place[e] for e in row) for row in plan.physical_to_logical_map)
    renamed = problem.model_copy(update={"windows": windows})
    other = ExpertBalancePlan(physical_to_logical_map=rows)
    assert verify(renamed, other).objective == verify(problem, plan).objective


@given(expert_balance())
@LAWS
def test_twice_the_speed_is_half_the_time(problem: ExpertBalanceProblem) -> None:
    """All devices twice as fast take half the time, up to the rounding of each window."""
    if not _timed(problem) or problem.previous is not None:
        return
    faster = tuple(
        BalanceDevice(**{**dict(device), "tokens_per_s": 2 * device.tokens_per_s})
        for device in problem.devices
    )
    quick = problem.model_copy(update={"devices": faster})
    waits = problem.layers * (sum(w.weight for w in problem.windows) + 2 * problem.tail_weight)
    for plan in list(oracle.plans(problem))[:50]:
        slow, fast = verify(problem, plan).objective, verify(quick, plan).objective
        if slow is not None and fast is not None:
            assert 0 <= 2 * fast - slow <= 2 * waits
