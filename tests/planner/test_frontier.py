"""Frontiers of expert selections: exact at every point, monotone, above every heuristic."""

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import problem_instances
from api.jobs.work import lasting
from models.frontier import Budget, Frontier
from models.problems.expert_selection import ExpertSelectionProblem
from models.result import Limits
from planner.frontier import FrontierError, frontier
from planner.plot.frontier import draw
from tests.oracles import expert_selection as oracle
from tests.planner.test_verify_expert_selection import problem
from tests.strategies import expert_selection

BUDGETS = [Budget.ENERGY, Budget.DEADLINE, Budget.MEMORY]


def _check_order(found: Frontier) -> None:
    """More budget is never worse, and no heuristic is better."""
    best: int | None = None
    for point in found.points:
        if point.objective is not None:
            assert best is None or point.objective <= best
            assert point.dominated == (best is not None and point.objective >= best)
            best = point.objective
        for reached in point.heuristics.values():
            assert reached is None or (point.objective is not None and reached >= point.objective)


def test_a_small_sweep_by_hand() -> None:
    """Expert a costs 12 µJ and b 20: at 8 neither serves, at 16 a, at 24 b, at 32 both."""
    found = frontier(problem(), Budget.ENERGY, points=4)
    assert [point.limit for point in found.points] == [8, 16, 24, 32]
    assert [point.objective for point in found.points] == [None, 575_000, 500_000, 425_000]
    assert all(point.proved for point in found.points)
    assert [point.reused for point in found.points] == [False, False, False, True]
    assert not any(point.dominated for point in found.points)


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(drawn=expert_selection(most=4), budget=st.sampled_from(BUDGETS))
def test_every_point_is_the_oracles(drawn: ExpertSelectionProblem, budget: Budget) -> None:
    """Reused or solved anew, each point has the optimum of its level."""
    try:
        found = frontier(drawn, budget, points=3)
    except FrontierError:
        reject()
    _check_order(found)
    for point in found.points:
        assert point.proved
        assert point.objective == oracle.optimum(_at(drawn, budget, point.limit))


def _at(drawn: ExpertSelectionProblem, budget: Budget, level: int) -> ExpertSelectionProblem:
    """The problem with one budget set, through its document."""
    fields = dict(drawn)
    if budget is Budget.ENERGY:
        fields["energy_limit_uj"] = level
    elif budget is Budget.DEADLINE:
        fields["deadline_ns"] = {cluster.category: level for cluster in drawn.clusters}
    else:
        graph = drawn.device_graph
        devices = [d.model_copy(update={"memory_bytes": level}) for d in graph.devices]
        fields["device_graph"] = graph.model_copy(update={"devices": tuple(devices)})
    return ExpertSelectionProblem(**fields)


def test_twenty_points_of_fifty_experts() -> None:
    """The shipped instance of 50 experts: every point proved, above all heuristics, and drawn."""
    found = frontier(
        problem_instances.load("synthetic-best-expert"), Budget.ENERGY, points=20, limits=Limits()
    )
    assert len(found.points) == 20
    assert all(point.proved for point in found.points)
    _check_order(found)
    assert draw(found, ".svg").lstrip().startswith(b"<?xml")


def test_a_stopped_sweep_is_none_that_lasts() -> None:
    """Stopped at once it has no points, says so, and is not kept as the answer to the question."""
    found = frontier(problem(), Budget.ENERGY, points=4, stopped=lambda: True)
    assert found.points == ()
    assert found.stopped
    assert not lasting(found)
    assert lasting(frontier(problem(), Budget.ENERGY, points=4))


def test_sweeps_that_make_no_sense_are_refused() -> None:
    """One point is no frontier, and a problem without any plan has none."""
    with pytest.raises(FrontierError, match="two points"):
        frontier(problem(), Budget.ENERGY, points=1)
    with pytest.raises(FrontierError, match="no budget 'accuracy'"):
        frontier(problem(), Budget.ACCURACY)
    with pytest.raises(FrontierError, match="no plan"):
        frontier(problem(deadline_ns={"code": 1}), Budget.ENERGY)
