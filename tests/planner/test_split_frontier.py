"""A split's sweep: what it does not know it says, and stopped it has what it found."""

from typing import Any

import pytest

from models.frontier import FrontierPoint
from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem, SplitLimits
from models.result import Limits, Reason
from planner import split_computing_frontier as sweep
from problem_instances import load
from solvers.registry import entries


def _problem() -> SplitComputingProblem:
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    return problem


def test_a_plan_that_is_not_proved_does_not_stand_for_its_accuracy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cheaper plans below its accuracy are not ruled out: it stays at the floor asked for."""
    problem = _problem()
    limits = SplitLimits(accuracy_floor_ppm=740_000)
    accurate = entries(problem.kind)[0].load()
    plan = accurate.solve(problem.model_copy(update={"limits": limits}), Limits()).plan
    solve = sweep._solve

    def unsure(
        asked: SplitComputingProblem, limits: Limits, stopped: sweep.Stopped
    ) -> tuple[SplitComputingPlan | None, int | None, bool]:
        return (
            solve(asked, limits, stopped) if asked.limits.accuracy_floor_ppm else (plan, 0, False)
        )

    exact = sweep.frontier(problem)
    assert not exact.cut
    assert exact.points[0].limit < 740_000
    monkeypatch.setattr(sweep, "_solve", unsure)
    found = sweep.frontier(problem)
    assert found.cut
    first, *rest = found.points
    assert (first.limit, first.proved, first.totals["accuracy_ppm"]) == (0, False, 740_000)
    assert [p.limit for p in rest] == [p.limit for p in exact.points if p.limit > 740_000]


def test_a_floor_that_is_not_settled_leaves_more_to_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a plan and without a proof the row says so, and the sweep that it may be cut."""
    monkeypatch.setattr(sweep, "_solve", lambda *_: (None, None, False))
    found = sweep.frontier(_problem())
    assert found.cut
    assert [(point.plan, point.proved) for point in found.points] == [(None, False)]


@pytest.mark.parametrize("floors", [(), (600_000, 740_000, 758_000)])
@pytest.mark.parametrize("most", [0, 2, 4])
def test_a_stopped_sweep_has_what_it_found(
    monkeypatch: pytest.MonkeyPatch, floors: tuple[int, ...], most: int
) -> None:
    """Points of both bandwidths come until it is stopped, or none where that is at once."""
    rates = (10**6, 10**7)
    whole = sweep.frontier(_problem(), rates, floors)
    assert not whole.stopped
    asked: list[int] = []
    point = sweep._point

    def counted(*arguments: Any) -> FrontierPoint:
        asked.append(arguments[2])
        return point(*arguments)

    monkeypatch.setattr(sweep, "_point", counted)
    found = sweep.frontier(_problem(), rates, floors, stopped=lambda: len(asked) >= most)
    assert found.stopped
    assert found.cut
    assert most - 1 <= len(found.points) <= most
    for here, there in zip(found.points, whole.points, strict=False):
        assert here.plan is not None
        assert not here.proved or here.limit == there.limit


def test_methods_hear_that_a_sweep_is_stopped() -> None:
    """What is stopped while a method runs is not claimed to be infeasible."""
    plan, bound, denied = sweep._solve(_problem(), Limits(), lambda: True)
    assert not denied
    assert plan is None or bound is not None
    assert Reason.CANCELLED in {
        item.load().solve(_problem(), Limits(), None, sweep.Asking(lambda: True)).reason
        for item in entries("split_computing")
    }
