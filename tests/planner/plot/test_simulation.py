"""Charts of simulated runs, and the bars of tensor partitions: what they show."""

from models.result import Limits
from planner import service
from planner.plot import tensor_partition
from planner.plot.simulation import figure
from planner.simulate import simulate
from problem_instances import best_known, load


def test_a_stop_is_marked_at_its_time() -> None:
    """A dashed line where the device stops, named in the legend; rows say what their number is."""
    plan = best_known("chunks-a-13b-1g").plan
    assert plan is not None
    device, stop = "nx-4", 900 * 10**6
    seen = simulate(load("chunks-a-13b-1g"), plan, stops={device: stop})
    (axes,) = figure("a model", seen, {device: stop}).axes
    assert stop in {line.get_xdata()[0] for line in axes.lines}
    assert "nx-4 stops at 900 ms" in [text.get_text() for text in axes.get_legend().get_texts()]
    assert axes.get_yticklabels()[0].get_text().startswith("1: nx-1, ")


def test_who_never_ran_keeps_an_empty_row() -> None:
    """A node that stops at once stands between two that work, each in its own row."""
    plan = best_known("slow-links-4").plan
    assert plan is not None
    stops = {"host-2": 0}
    seen = simulate(load("slow-links-4"), plan, stops=stops)
    (axes,) = figure("flow", seen, stops).axes
    labels = [label.get_text().split(",")[0] for label in axes.get_yticklabels()]
    rows = {bar.stage: bar.machine for bar in seen.bars if bar.work == "compute"}
    assert labels == [f"{n + 1}: {rows.get(n, 'nothing ran')}" for n in range(4)]
    assert sorted(rows) == [0, 2, 3]


def test_bars_of_a_layer_are_as_long_as_it_takes() -> None:
    """Own work, waiting and transfers add up to the layer on every device."""
    name = "galaxy-c-opt-l"
    problem = load(name)
    found = service.plan(problem, Limits(), solver="galaxy")
    (axes,) = tensor_partition.figure(problem, found).axes
    ends = {}
    for bar in axes.patches:
        row = bar.get_y()
        ends[row] = max(ends.get(row, 0), bar.get_x() + bar.get_width())
    layer_ms = found.breakdown.totals["layer_ns"] / 10**6
    assert all(abs(end - layer_ms) < 1e-6 for end in ends.values())
