"""The device graph of a pipeline plan: cards in the order of their stages, idle ones at the end.

The links that the plan uses are arrows with time and rate; those that it leaves out are faint
lines; a default link joins all pairs, and is named in the title instead.
"""

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from models.problems.pipeline_partition import PipelinePartitionProblem
from models.units import format_quantity
from planner.plot.palette import FAINT, INK, LINE
from planner.plot.pipeline_partition_cards import (
    HEIGHT,
    WIDTH,
    Grid,
    Point,
    Row,
    idle_card,
    shorten,
    stage_card,
    write,
)

_MAX_IDLE = 48
_EDGE = 0.05  # half of the thickest line, and some air
_CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}


def grid_for(problem: PipelinePartitionProblem, stages: int) -> Grid:
    """The grid for all cards of a problem; beyond 48 idle devices the rest is not drawn."""
    cards = stages + min(_MAX_IDLE, len(problem.devices) - stages)
    columns = next((width for limit, width in ((3, cards), (12, 4), (20, 5)) if cards <= limit), 6)
    return Grid(columns, cards)


def draw_graph(
    axes: Axes, problem: PipelinePartitionProblem, rows: tuple[Row, ...], grid: Grid
) -> None:
    """Fill the axes."""
    used = {str(row["device"]): place for place, row in enumerate(rows)}
    idle = [device for device in problem.devices if device.name not in used]
    idle = idle[: grid.cards - len(rows)]
    places = used | {device.name: len(used) + index for index, device in enumerate(idle)}
    _unused_links(axes, problem, rows, {name: grid.centre(at) for name, at in places.items()})
    for place, row in enumerate(rows):
        stage_card(axes, grid.corner(place), place + 1, row)
    for device in idle:
        idle_card(axes, grid.corner(places[device.name]), device)
    for place, row in enumerate(rows[:-1]):
        _hop(axes, grid.centre(place), grid.centre(place + 1), _in_words(problem, row))
    if rows[-1]["sends_to"]:
        _return_hop(axes, problem, rows, grid)
    width, height = grid.size
    axes.set_xlim(-_EDGE, width + _EDGE)
    axes.set_ylim(-height - _EDGE, _EDGE)
    axes.set_axis_off()


def _in_words(problem: PipelinePartitionProblem, row: Row) -> tuple[str, str]:
    """Time of a stage's transfer, and the rate of its link."""
    rate = problem.device_graph.rate(str(row["device"]), str(row["sends_to"]))
    speed = "" if rate is None else format_quantity(rate.bandwidth_bit_per_s, "bit_per_s")
    return format_quantity(int(row["transfer_ns"]), "ns"), speed


def _hop(axes: Axes, start: Point, stop: Point, words: tuple[str, str]) -> None:
    """An arrow between neighbouring cards, sideways or down, time and rate on its two sides."""
    if start[1] == stop[1]:
        step = (WIDTH / 2 + 0.03) * (1 if stop[0] > start[0] else -1)
        _arrow(axes, (start[0] + step, start[1]), (stop[0] - step, stop[1]))
        middle = (start[0] + stop[0]) / 2
        write(axes, (middle, start[1] + 0.12), words[0], ha="center", bbox=_CLEAR)
        write(axes, (middle, start[1] - 0.13), words[1], ha="center", color=FAINT, bbox=_CLEAR)
        return
    step = HEIGHT / 2 + 0.03
    _arrow(axes, (start[0], start[1] - step), (stop[0], stop[1] + step))
    middle = (start[1] + stop[1]) / 2
    write(axes, (start[0] + 0.1, middle), words[0], bbox=_CLEAR)
    write(axes, (start[0] - 0.1, middle), words[1], ha="right", color=FAINT, bbox=_CLEAR)


def _return_hop(
    axes: Axes, problem: PipelinePartitionProblem, rows: tuple[Row, ...], grid: Grid
) -> None:
    """Two stubs below the last card and the first: a line between them would cross the others."""
    time, _ = _in_words(problem, rows[-1])
    home = shorten(str(rows[-1]["sends_to"]), 14)
    x, y = grid.corner(len(rows) - 1)
    _arrow(axes, (x + 0.08, y - 0.01), (x + 0.08, y - 0.22))
    write(axes, (x + 0.17, y - 0.14), f"to {home} {time}", fontsize=7, bbox=_CLEAR)
    x, y = grid.corner(0)
    _arrow(axes, (x + 0.08, y - 0.22), (x + 0.08, y - 0.01))
    last = shorten(str(rows[-1]["device"]), 14)
    write(axes, (x + 0.17, y - 0.14), f"from {last}", fontsize=7, bbox=_CLEAR)


def _arrow(axes: Axes, start: Point, stop: Point) -> None:
    axes.add_patch(
        FancyArrowPatch(
            start,
            stop,
            arrowstyle="-|>",
            mutation_scale=10,
            color=INK,
            linewidth=1.6,
            shrinkA=0,
            shrinkB=0,
            zorder=7,
        )
    )


def _unused_links(
    axes: Axes,
    problem: PipelinePartitionProblem,
    rows: tuple[Row, ...],
    centres: dict[str, Point],
) -> None:
    used = {frozenset((row["device"], row["sends_to"])) for row in rows}
    for link in problem.device_graph.links:
        if frozenset((link.source, link.target)) in used:
            continue
        if link.source in centres and link.target in centres:
            (ax, ay), (bx, by) = centres[link.source], centres[link.target]
            axes.plot([ax, bx], [ay, by], color=LINE, linewidth=0.7, zorder=1)
