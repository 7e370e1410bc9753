"""Known results of split computing, from published figures: what the papers' point is."""

from models.frontier import FrontierPoint
from models.problems.split_computing import (
    Crossing,
    Placement,
    SplitComputingPlan,
    SplitComputingProblem,
    SplitLimits,
)
from models.result import Limits
from planner.plot.frontier import draw
from planner.plot.split_computing_frontier import figure
from planner.split_computing_frontier import frontier, saved
from planner.verify import verify
from problem_instances import load

MBIT = 10**6
BANDWIDTHS = tuple(2**power * MBIT for power in range(8))
FLOORS = (600_000, 680_000, 720_000, 740_000, 758_000)


def _points(name: str, floors: tuple[int, ...]) -> dict[tuple[int, int], FrontierPoint]:
    problem = load(name)
    assert isinstance(problem, SplitComputingProblem)
    found = frontier(problem, BANDWIDTHS, floors).points
    return {((point.bandwidth_bit_per_s or 0) // MBIT, point.limit): point for point in found}


def test_without_bottlenecks_the_optimum_is_an_extreme() -> None:
    """ResNet-50 in 8 bits: local, 98.0 ms, up to 8 Mbit/s; remote from 16, 76.0 ms; 19.6 at 64."""
    points = _points("resnet50-jetson-int8", (761_000,))
    for rate in (1, 2, 4, 8):
        assert points[rate, 761_000].what == "local"
        assert points[rate, 761_000].objective == 98_028_000
    for rate in (16, 32, 64, 128):
        assert points[rate, 761_000].what == "remote (input as raw)"
        assert points[rate, 761_000].objective == 150_528 * 8000 // rate + 739_300
    assert round((points[16, 761_000].objective or 0) / 1e6, 1) == 76.0
    assert round((points[64, 761_000].objective or 0) / 1e6, 1) == 19.6


def test_a_bottleneck_moves_the_cut_inside() -> None:
    """With trained bottlenecks a cut inside wins at each rate and floor but two extremes."""
    points = _points("resnet50-jetson-bottlenecks", FLOORS)
    outside = {key: point.what for key, point in points.items() if "student" not in point.what}
    assert outside == {(1, 758_000): "local", (128, 758_000): "remote (input as raw)"}
    best = points[8, 740_000]
    assert best.what == "layer1.2 as entropic-student-3.64"
    assert saved(best, "all-local") == "87%"
    assert saved(best, "all-remote") == "91%"


def test_more_bandwidth_or_a_lower_floor_never_slows_down() -> None:
    """The frontier falls with the rate and rises with the floor, and keeps every floor."""
    points = _points("resnet50-jetson-bottlenecks", FLOORS)
    for (rate, floor), point in points.items():
        assert point.objective is not None
        assert point.totals["accuracy_ppm"] >= floor
        assert point.objective <= min(value or 10**15 for value in point.heuristics.values())
        if (2 * rate, floor) in points:
            assert (points[2 * rate, floor].objective or 0) <= point.objective
    for rate in (1, 16, 128):
        row = [points[rate, floor].objective or 0 for floor in FLOORS]
        assert row == sorted(row)


def test_bytes_at_a_cut_of_a_pyramid_are_cumulative() -> None:
    """Behind C2, C3, C4, C5 Faster R-CNN sends 16, 24, 28, 30 x HW elements, not the last's."""
    problem = load("faster-rcnn-fpn")
    assert isinstance(problem, SplitComputingProblem)
    plain = problem.model_copy(update={"limits": SplitLimits()})
    backbone = ["stem", "C2", "C3", "C4", "C5"]
    rest = [name for name in problem.model.order if name not in backbone]
    for stage, factor in zip(range(2, 6), (16, 24, 28, 30), strict=True):
        plan = SplitComputingPlan(
            placement=(
                Placement(device="camera", layers=tuple(backbone[:stage])),
                Placement(device="server", layers=(*backbone[stage:], *rest)),
            ),
            crossings=tuple(
                Crossing(tensor=name, hop_from="camera", representation="int8")
                for name in backbone[1:stage]
            ),
        )
        verdict = verify(plain, plan)
        assert verdict.accepted, verdict.violations
        assert verdict.breakdown.totals["sent_bytes"] == factor * 800 * 800


def test_the_figure_has_a_line_per_bandwidth() -> None:
    """The drawing names each bandwidth, and equal frontiers give equal bytes."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    found = frontier(problem, (4 * MBIT, 16 * MBIT), (680_000, 999_999))
    assert [point.objective is None for point in found.points] == [False, True] * 2
    assert all(point.proved for point in found.points)
    image = draw(found, ".svg")
    assert image == draw(found, ".svg")
    for words in (b"4 Mbit/s", b"16 Mbit/s", b"all local", b"latency, ms"):
        assert words in image


def test_without_floors_every_plan_that_matters_is_found() -> None:
    """At 16 Mbit/s no plan is left out: each accuracy that a choice has is a point or dominated."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    points = frontier(problem, (16 * MBIT,)).points
    assert not any(point.dominated for point in points)
    accuracies = {item.accuracy_ppm or 0 for item in problem.bottlenecks} | {problem.accuracy_ppm}
    given = frontier(problem, (16 * MBIT,), sorted(accuracies)).points
    useful = [(p.limit, p.objective) for p in given if not p.dominated]
    assert [(p.limit, p.objective) for p in points] == useful
    assert len(useful) < len(given)


def test_a_sweep_that_is_cut_says_so() -> None:
    """Fewer points than matter are called cut, exactly as many are not."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    whole = frontier(problem)
    assert not whole.cut
    matter = len(whole.points)
    short = frontier(problem, points=matter - 1)
    assert short.cut
    assert [point.limit for point in short.points] == [p.limit for p in whole.points][:-1]
    assert not frontier(problem, points=matter).cut


def test_a_sweep_without_time_denies_nothing() -> None:
    """Where time ends before a plan, the point stands as not proved and the sweep ends there."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    found = frontier(problem, limits=Limits(time_limit_ns=1))
    assert not all(point.proved for point in found.points)


def test_lines_are_drawn_in_steps() -> None:
    """Between two floors the drawing is at the upper plan's cost: there is no plan on a slope."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    (axes,) = figure(frontier(problem, (4 * MBIT,))).axes
    styles = {line.get_label(): line.get_drawstyle() for line in axes.get_lines()}
    assert styles["4 Mbit/s"] == "steps-pre"
