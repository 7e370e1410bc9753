"""Drawings of expert selections and of frontiers: who answers, and nothing above the optimum."""

import numpy as np
import pytest

from models.documents import digest
from models.frontier import Budget, Frontier
from models.result import Certificate, Grade
from planner.frontier import frontier
from planner.plot import draw
from planner.plot.frontier import figure
from planner.verify import verify
from problem_instances import best_known, load


def test_a_selection_is_drawn_with_who_answers() -> None:
    """Every cluster has its bar, with the experts that are asked."""
    problem, plan = load("mmlu-open-models"), best_known("mmlu-open-models").plan
    assert plan is not None
    breakdown = verify(problem, plan).breakdown
    certificate = Certificate(
        grade=Grade.FEASIBLE, unit="ppm", plan=plan, breakdown=breakdown,
        problem_digest=digest(problem),
    )  # fmt: skip
    image = draw(problem, certificate, ".svg").decode()
    for row in breakdown.rows:
        for word in (str(row["cluster"]), str(row["asked"])):
            assert f"<!-- {word}" in image


@pytest.fixture(scope="module")
def found() -> Frontier:
    """A small sweep with heuristics below the optimum."""
    return frontier(load("synthetic-worst-case-latency"), Budget.ENERGY, points=6)


def test_no_line_runs_above_the_optimum(found: Frontier) -> None:
    """At every drawn budget the optimum's steps are the highest line."""
    axes = figure(found).axes[0]
    lines = {line.get_label(): line for line in axes.get_lines()}
    optimum = lines.pop("optimum")
    assert len(lines) == 6
    levels = np.linspace(*np.asarray(optimum.get_xdata())[[0, -1]], 200)
    best = _steps(optimum, levels)
    for line in lines.values():
        assert line.get_drawstyle() == "steps-post"
        reached = levels >= np.asarray(line.get_xdata())[0]
        assert (_steps(line, levels)[reached] <= best[reached] + 1e-9).all()


def _steps(line: object, levels: np.ndarray) -> np.ndarray:
    """The height of a line of steps at each level."""
    x, y = (np.asarray(part) for part in line.get_data())
    return y[np.maximum(np.searchsorted(x, levels, side="right") - 1, 0)]


def test_what_is_not_proved_has_its_bound_drawn(found: Frontier) -> None:
    """A dotted line says how much better the open points could be."""
    first, *rest = found.points
    loose = first.model_copy(update={"proved": False, "lower_bound": 0})
    drawn = figure(found.model_copy(update={"points": (loose, *rest)})).axes[0]
    (line,) = [line for line in drawn.get_lines() if line.get_label() == "nothing is better"]
    assert np.asarray(line.get_ydata())[0] == 100
