"""Drawings of split plans: one bar per term, one per uplink and server."""

import pytest

from models.problems import AnyProblem
from models.result import Certificate, Limits
from planner.plot import draw
from planner.replan import ChangeError, changed
from planner.service import plan
from problem_instances import best_known, load


def _solved(name: str, method: str) -> tuple[AnyProblem, Certificate]:
    problem = load(name)
    return problem, plan(problem, Limits(time_limit_ns=30 * 10**9), solver=method)


def test_a_split_is_drawn_with_its_terms() -> None:
    """The drawing names the devices and what takes long."""
    problem, certificate = _solved("resnet50-jetson-bottlenecks", "dp")
    image = draw(problem, certificate, ".svg").decode()
    assert image.startswith("<?xml")
    for word in ("device", "server", "encoder of entropic-student-3.64"):
        assert word in image


def test_a_fleet_is_drawn_with_its_loads() -> None:
    """The drawing has every uplink and server of a small fleet."""
    problem, certificate = _solved("crossing-4", "milp")
    image = draw(problem, certificate, ".svg").decode()
    for word in ("cell-north", "cell-south", "edge", "old-edge"):
        assert word in image


def test_replanning_is_refused_in_words() -> None:
    """A kind without replanning says so instead of failing."""
    best = best_known("resnet50-jetson-int8").plan
    assert best is not None
    with pytest.raises(ChangeError, match="change the problem instead"):
        changed(load("resnet50-jetson-int8"), best, lost=("server",))
