"""A drawing of a frontier: quality against a budget, beside what the heuristics reach."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.frontier import Budget, Frontier, FrontierPoint
from planner.plot import split_computing_frontier
from planner.plot.palette import FAINT, INK, colour
from planner.plot.save import image

_SCALES = {"uj": (1e6, "J"), "ns": (1e9, "s"), "bytes": (2.0**30, "GiB")}
_MARKS = "os^vDP*"


def draw(found: Frontier, suffix: str) -> bytes:
    """The frontier as an image; suffix: .svg, .png or .pdf."""
    split = found.budget is Budget.ACCURACY
    return image(split_computing_frontier.figure(found) if split else figure(found), suffix)


def figure(found: Frontier) -> Figure:
    """A step line of the optimum, dominated points hollow, a marked step line per heuristic.

    Steps, because what was found at a level holds up to the next. Where a point is not proved, a
    dotted line says how much better it could be.
    """
    drawing = Figure(figsize=(8, 5), layout="constrained")
    axes = drawing.add_subplot()
    scale, unit = _SCALES[found.limit_unit]
    known = [point for point in found.points if point.objective is not None]
    levels = [point.limit / scale for point in known]
    quality = [_percent(point.objective) for point in known]
    axes.step(levels, quality, where="post", color=INK, linewidth=2, label="optimum", zorder=3)
    faces = ["white" if point.dominated else INK for point in known]
    axes.scatter(levels, quality, s=28, c=faces, edgecolors=INK, zorder=4)
    if any(point.dominated for point in known):
        axes.scatter([], [], s=28, c="white", edgecolors=INK, label="no better than with less")
    _draw_bounds(axes, known, scale)
    names = sorted({name for point in found.points for name in point.heuristics})
    for index, name in enumerate(names):
        pairs = [(p.limit / scale, p.heuristics.get(name)) for p in found.points]
        reached = [(level, _percent(value)) for level, value in pairs if value is not None]
        axes.step(
            [level for level, _ in reached],
            [value for _, value in reached],
            color=colour(index),
            marker=_MARKS[index % len(_MARKS)],
            markersize=4,
            linewidth=1,
            where="post",
            label=name,
        )
    axes.set_xlabel(f"{found.budget} budget, {unit}", color=INK)
    axes.set_ylabel("quality, %", color=INK)
    axes.grid(color=FAINT, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    return drawing


def _draw_bounds(axes: Axes, known: list[FrontierPoint], scale: float) -> None:
    if all(point.proved for point in known):
        return
    pairs = [(p.limit / scale, _percent(p.lower_bound)) for p in known if p.lower_bound is not None]
    axes.step(
        [level for level, _ in pairs],
        [value for _, value in pairs],
        where="post",
        color=INK,
        linestyle=":",
        linewidth=1,
        label="nothing is better",
    )


def _percent(shortfall_ppm: int | None) -> float:
    return (10**6 - (shortfall_ppm or 0)) / 10_000
