"""Known results of split computing, from published figures: what the papers' point is."""

from pathlib import Path

from models.problems.split_computing import (
    Crossing,
    Placement,
    SplitComputingPlan,
    SplitComputingProblem,
    SplitLimits,
)
from planner.split_computing_frontier import BANDWIDTHS, FLOORS, Point, frontier, plot, to_markdown
from planner.verify import verify
from problem_instances import load

MBIT = 10**6


def _points(name: str, floors: tuple[int, ...]) -> dict[tuple[int, int], Point]:
    problem = load(name)
    assert isinstance(problem, SplitComputingProblem)
    found = frontier(problem, BANDWIDTHS, floors)
    return {(point.bandwidth_bit_per_s // MBIT, point.floor_ppm): point for point in found}


def test_without_bottlenecks_the_optimum_is_an_extreme() -> None:
    """ResNet-50 in 8 bits: local, 98.0 ms, up to 8 Mbit/s; remote from 16, 76.0 ms; 19.6 at 64."""
    points = _points("resnet50-jetson-int8", (761_000,))
    for rate in (1, 2, 4, 8):
        assert points[rate, 761_000].cut == "local"
        assert points[rate, 761_000].latency_ns == 98_028_000
    for rate in (16, 32, 64, 128):
        assert points[rate, 761_000].cut == "remote (input as raw)"
        assert points[rate, 761_000].latency_ns == 150_528 * 8000 // rate + 739_300
    assert round((points[16, 761_000].latency_ns or 0) / 1e6, 1) == 76.0
    assert round((points[64, 761_000].latency_ns or 0) / 1e6, 1) == 19.6


def test_a_bottleneck_moves_the_cut_inside() -> None:
    """With trained bottlenecks a cut inside wins at each rate and floor but two extremes."""
    points = _points("resnet50-jetson-bottlenecks", FLOORS)
    outside = {key: point.cut for key, point in points.items() if "student" not in point.cut}
    assert outside == {(1, 758_000): "local", (128, 758_000): "remote (input as raw)"}
    best = points[8, 740_000]
    assert best.cut == "entropic-student-3.64"
    assert best.saved(best.local_ns) == "87%"
    assert best.saved(best.remote_ns) == "91%"


def test_more_bandwidth_or_a_lower_floor_never_slows_down() -> None:
    """The frontier falls with the rate and rises with the floor, and keeps every floor."""
    points = _points("resnet50-jetson-bottlenecks", FLOORS)
    for (rate, floor), point in points.items():
        assert point.latency_ns is not None
        assert (point.accuracy_ppm or 0) >= floor
        assert point.latency_ns <= min(point.local_ns or 0, point.remote_ns or 0)
        if (2 * rate, floor) in points:
            assert (points[2 * rate, floor].latency_ns or 0) <= point.latency_ns
    for rate in (1, 16, 128):
        row = [points[rate, floor].latency_ns or 0 for floor in FLOORS]
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


def test_table_and_figure_say_what_was_found(tmp_path: Path) -> None:
    """The table has a row per point, the figure a line per bandwidth, both the same twice."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    points = frontier(problem, (4 * MBIT, 16 * MBIT), (680_000, 999_999))
    lines = to_markdown(points).splitlines()
    assert len(lines) == 2 + len(points)
    assert "no plan" in lines[3]
    figures = [tmp_path / name for name in ("a", "b")]
    for figure in figures:
        plot(points, figure)
    assert figures[0].read_bytes() == figures[1].read_bytes()
    assert "16 Mbit/s" in figures[0].read_text(encoding="utf-8")
