"""Drawings of split plans: one bar per term, one per uplink and server."""

import pytest

from models.problems import AnyProblem
from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.problems.split_fleet import SplitFleetProblem
from models.result import Certificate, Limits
from planner.plot import draw, split_computing, split_fleet
from planner.replan import ChangeError, changed
from planner.service import plan
from planner.split_scenarios import breakdowns
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


@pytest.mark.parametrize("name", ["resnet50-xiaomi-energy", "resnet50-xiaomi-expected"])
def test_each_scenario_has_its_panel(name: str) -> None:
    """Every scenario is drawn by its name with what the plan takes in it, the slowest first."""
    problem, certificate = _solved(name, "dp")
    assert isinstance(problem, SplitComputingProblem)
    drawing = split_computing.figure(problem, certificate)
    titles = [axes.get_title(loc="left") for axes in drawing.axes]
    assert [title.split(" ")[0] for title in titles] == ["busy-cell", "usual", "quiet"]
    ends = [max(bar.get_x() + bar.get_width() for bar in axes.patches) for axes in drawing.axes]
    assert isinstance(certificate.plan, SplitComputingPlan)
    found = dict(breakdowns(problem, certificate.plan))
    taken = sorted(item.totals["latency_ns"] / 10**6 for item in found.values())
    assert ends == pytest.approx(taken[::-1])


def test_a_corridor_is_drawn_as_a_table_with_urgent_streams_framed() -> None:
    """A number per stream and window, a frame per urgent one, and the shares in use below."""
    problem, certificate = _solved("corridor-24", "prices")
    assert isinstance(problem, SplitFleetProblem)
    above, below = split_fleet.figure(problem, certificate).axes
    urgent = sum(len(window.urgent) for window in problem.windows)
    assert sum(not patch.get_fill() for patch in above.patches) == urgent
    cells = len(problem.streams) * len(problem.windows)
    assert [text.get_text() for text in above.texts].count("74.0") >= urgent
    assert len(above.texts) == cells
    used = [float(text.get_text()) for text in below.texts]
    assert len(used) == (len(problem.uplinks) + len(problem.servers)) * len(problem.windows)
    assert max(used) <= 100


def test_replanning_is_refused_in_words() -> None:
    """A kind without replanning says so instead of failing."""
    best = best_known("resnet50-jetson-int8").plan
    assert best is not None
    with pytest.raises(ChangeError, match="change the problem instead"):
        changed(load("resnet50-jetson-int8"), best, lost=("server",))
