"""Laws that every placement keeps, whatever its figures."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.offload_placement import OffloadPlacementProblem, Present, TokenLatency
from models.result import Limits
from solvers.decomposition.offload_placement_prices import Lagrangian
from tests.offload_strategies import offload_placement

LAWS = settings(deadline=None, max_examples=15)


def _optimum(problem: OffloadPlacementProblem, **changes: object) -> int | None:
    changed = problem.model_copy(update=changes)
    claim = Lagrangian().solve(changed, Limits())
    return claim.lower_bound if claim.plan is not None else None


def _no_worse(better: int | None, than: int | None) -> bool:
    """Whether an optimum is not above another, where no plan at all is the worst."""
    return than is None or (better is not None and better <= than)


@LAWS
@given(problem=offload_placement(), more=st.integers(0, 40_000_000))
def test_more_memory_never_hurts(problem: OffloadPlacementProblem, more: int) -> None:
    """Room added to every holder leaves the optimum or lowers it."""
    holders = tuple(
        h
        if h.memory_bytes is None
        else h.model_copy(update={"memory_bytes": h.memory_bytes + more})
        for h in problem.holders
    )
    assert _no_worse(_optimum(problem, holders=holders), _optimum(problem))


@LAWS
@given(problem=offload_placement())
def test_a_larger_loss_budget_never_hurts(problem: OffloadPlacementProblem) -> None:
    """Twice the loss budget, or none at all, leaves the optimum or lowers it."""
    budget = problem.loss_budget_ppm
    twice = None if budget is None else min(10**6, 2 * budget)
    now, wider = _optimum(problem), _optimum(problem, loss_budget_ppm=twice)
    assert _no_worse(wider, now)
    assert _no_worse(_optimum(problem, loss_budget_ppm=None), wider)


@LAWS
@given(problem=offload_placement())
def test_what_is_in_force_costs_nothing_to_keep(problem: OffloadPlacementProblem) -> None:
    """With its own copies in force at any price of moving, the optimum stays what it was."""
    free = problem.model_copy(update={"present": None})
    claim = Lagrangian().solve(free, Limits())
    if claim.plan is None:
        return
    copies = {item.layer: item.copies for item in claim.plan.layers}
    present = Present(copies=copies, ns_per_mib=10**6)
    assert _optimum(free, present=present) == claim.lower_bound


@LAWS
@given(problem=offload_placement(objective=TokenLatency.MAX))
def test_the_slowest_is_never_more_than_the_sum(problem: OffloadPlacementProblem) -> None:
    """Side by side, a token's experts take no longer than one after the other."""
    assert _no_worse(_optimum(problem), _optimum(problem, objective=TokenLatency.SUM))
