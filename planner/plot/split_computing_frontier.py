"""A drawing of a split's frontier: what each accuracy floor costs, steps per bandwidth."""

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from models.frontier import Frontier, FrontierPoint
from planner.plot.palette import FAINT, INK, colour

_SCALES = {"ns": (10**6, "latency, ms"), "µJ": (1000, "energy, mJ"), "bytes": (1000, "sent, kB")}
_MARKS = "os^vDP*X"
# Costs further apart than this are drawn on a logarithmic scale.
_WIDE = 4


def figure(found: Frontier) -> Figure:
    """Cost over the floor; all-local, which no bandwidth changes, as a grey line.

    Steps up to each point: its plan holds for every lower floor as well, and so each place of a
    line is a plan's; a slope between two plans would be nobody's.
    """
    drawing = Figure(figsize=(8, 5), layout="constrained")
    axes = drawing.add_subplot()
    scale, name = _SCALES[found.unit]
    for number, (rate, points) in enumerate(_lines(found)):
        known = [(p.limit / 10**4, p.objective / scale) for p in points if p.objective]
        axes.plot(
            [floor for floor, _ in known],
            [cost for _, cost in known],
            color=colour(number),
            marker=_MARKS[number % len(_MARKS)],
            markersize=5,
            linewidth=1.2,
            drawstyle="steps-pre",
            linestyle="-" if number < len(_MARKS) - 1 else "--",
            label="optimum" if rate is None else f"{rate / 10**6:g} Mbit/s",
        )
    local = [(p.limit / 10**4, p.heuristics.get("all-local")) for p in found.points]
    reached = sorted((floor, cost / scale) for floor, cost in local if cost)
    if reached:
        axes.plot(
            [floor for floor, _ in reached],
            [cost for _, cost in reached],
            color=FAINT,
            linestyle=":",
            linewidth=2,
            label="all local",
        )
    axes.set_xlabel("accuracy floor, %", color=INK)
    axes.set_ylabel(name, color=INK)
    costs = [point.objective for point in found.points if point.objective]
    if costs and max(costs) > _WIDE * min(costs):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=8, colors=INK)
    axes.grid(color=FAINT, alpha=0.25)
    axes.spines[["top", "right"]].set_color(FAINT)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawing


def _lines(found: Frontier) -> list[tuple[int | None, list[FrontierPoint]]]:
    lines: dict[int | None, list[FrontierPoint]] = {}
    for point in found.points:
        lines.setdefault(point.bandwidth_bit_per_s, []).append(point)
    return list(lines.items())
