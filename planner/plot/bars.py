"""Stacked bars, a row per device: what its time is made of."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from planner.plot.palette import FAINT, INK, colour


def stacked(
    rows: Sequence[Mapping[str, str | int]],
    names: Sequence[str],
    pieces: Sequence[tuple[str, str]],
    title: str,
    axis: str,
) -> Figure:
    """A figure of rows in ms; pieces: (column in ns, what it is), from left to right."""
    drawing = Figure(figsize=(8, 1.8 + 0.32 * len(rows)), layout="constrained")
    axes = drawing.add_subplot()
    for number, (key, label) in enumerate(pieces):
        for place, row in enumerate(rows):
            before = sum(int(row[earlier]) for earlier, _ in pieces[:number]) / 10**6
            width = int(row[key]) / 10**6
            named = label if place == 0 else None
            axes.barh(place, width, left=before, color=colour(number), height=0.72, label=named)
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlabel(axis, color=INK)
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    # Above the title: bars reach everywhere below, and titles most of the way to the right.
    drawing.legend(fontsize=7, frameon=False, ncols=len(pieces), loc="outside upper right")
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
