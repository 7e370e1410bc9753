"""A drawing of a fleet plan: how full uplinks and servers are, and over time how accurate streams.

One window is drawn as bars, several as two tables: the accuracy of every stream in every window,
those that are urgent framed, and the share in use of every uplink and server.
"""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Breakdown, Certificate
from models.units import format_quantity
from planner.plot.palette import FAINT, INK, Colour, colour, ink_on, tint

# More rows than this are drawn as the fullest ones; more streams are not drawn one by one.
_MOST = 60
_URGENT = colour(3)
_ROOMS = colour(0), colour(1)
Cells = list[list[float]]


def figure(problem: SplitFleetProblem, certificate: Certificate) -> Figure:
    """Tables over the windows where there are several and streams few enough; else bars."""
    plan = certificate.plan
    several = len(problem.windows) > 1 and len(problem.streams) <= _MOST
    if several and isinstance(plan, SplitFleetPlan):
        drawing = _tables(problem, plan, certificate.breakdown)
    else:
        drawing = _bars(certificate.breakdown)
    cost = format_quantity(certificate.objective or 0, problem.unit)
    told = f"{problem.size_in_words}: {problem.objective_in_words} {cost}"
    drawing.suptitle(told, color=INK, fontsize=10)
    return drawing


def _bars(breakdown: Breakdown) -> Figure:
    """A bar per uplink or server and window, as a share of its room, the fullest first."""
    bars = [(share, f"{name}, {window}", kind) for name, window, share, kind in _shares(breakdown)]
    bars = sorted(bars, key=lambda bar: -bar[0])[:_MOST]
    drawing = Figure(figsize=(8, 1.4 + 0.25 * len(bars)), layout="constrained")
    axes = drawing.add_subplot()
    for place, (share, _, kind) in enumerate(bars):
        axes.barh(place, share, color=_ROOMS[kind], height=0.7)
    axes.set_yticks(range(len(bars)), [name for _, name, _ in bars])
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.margins(y=0.01)
    axes.set_xlabel("% of the room used (blue uplinks, orange servers)", color=INK)
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing


def _shares(breakdown: Breakdown) -> list[tuple[str, str, float, int]]:
    """Name, window, % in use, and whether it is a server, of each row."""
    found = []
    for row in breakdown.rows:
        unit = "bit_per_s" if "uplink" in row else "ppm"
        used, room = int(row[f"used_{unit}"]), int(row[f"room_{unit}"])
        name = str(row.get("uplink") or row.get("server"))
        share = 100 * used / max(room, 1)
        found.append((name, str(row["window"]), share, int(unit == "ppm")))
    return found


def _tables(problem: SplitFleetProblem, plan: SplitFleetPlan, breakdown: Breakdown) -> Figure:
    windows = [window.name for window in problem.windows]
    streams = [stream.name for stream in problem.streams]
    rooms = [link.name for link in problem.uplinks] + [item.name for item in problem.servers]
    drawing = Figure(
        figsize=(1.8 + 0.8 * len(windows), 1.6 + 0.22 * (len(streams) + len(rooms))),
        layout="constrained",
    )
    ratios = {"height_ratios": [len(streams), len(rooms)]}
    above, below = drawing.subplots(2, 1, sharex=True, gridspec_kw=ratios)
    accuracy = _accuracies(problem, plan)
    _cells(above, streams, windows, accuracy, _graded(accuracy))
    for column, window in enumerate(problem.windows):
        for item in window.urgent:
            corner = column - 0.5, streams.index(item.stream) - 0.5
            frame = Rectangle(corner, 1, 1, fill=False, edgecolor=_URGENT, linewidth=1.8)
            above.add_patch(frame)
    above.set_title("accuracy, %; framed: urgent", color=INK, fontsize=8, loc="left")
    # Rows of a window come in the order of the document, uplinks before servers.
    used = [share for _, _, share, _ in _shares(breakdown)]
    shares = [used[place :: len(rooms)] for place in range(len(rooms))]
    _cells(below, rooms, windows, shares, lambda value: tint(_ROOMS[1], value / 100))
    below.set_title("% of uplinks and servers in use", color=INK, fontsize=8, loc="left")
    return drawing


def _accuracies(problem: SplitFleetProblem, plan: SplitFleetPlan) -> Cells:
    """[streams][windows] accuracy of what each stream does, %."""
    accuracy = {
        (name, option.name): option.accuracy_ppm / 10**4
        for name, options in problem.options.items()
        for option in options
    }
    taken = {(choice.stream, choice.window): choice.option for choice in plan.choices}
    return [
        [accuracy[stream.catalogue, taken[stream.name, w.name]] for w in problem.windows]
        for stream in problem.streams
    ]


def _graded(cells: Cells) -> Callable[[float], Colour]:
    """The paler the lower, the highest of all in full colour."""
    least, most = min(map(min, cells)), max(map(max, cells))
    span = max(most - least, 1e-9)
    return lambda value: tint(_ROOMS[0], 0.1 + 0.7 * (value - least) / span)


def _cells(
    axes: Axes,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Cells,
    shade: Callable[[float], Colour],
) -> None:
    """A table of numbers on colours."""
    for place, row in enumerate(cells):
        for column, value in enumerate(row):
            base = shade(value)
            axes.add_patch(
                Rectangle((column - 0.5, place - 0.5), 1, 1, facecolor=base, edgecolor="white")
            )
            text = axes.text(column, place, f"{value:.1f}", ha="center", va="center")
            text.set(fontsize=7, color=ink_on(base))
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(labelsize=7, colors=INK, length=0)
    axes.spines[:].set_visible(False)
