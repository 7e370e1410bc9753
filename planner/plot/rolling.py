"""A drawing of a rolling placement: latency per token step by step, and what was moved."""

from matplotlib.figure import Figure

from models.rolling import Rolling
from planner.plot.palette import FAINT, INK, colour
from planner.plot.save import image


def draw(found: Rolling, suffix: str) -> bytes:
    """The steps as an image; suffix: .svg, .png or .pdf."""
    return image(figure(found), suffix)


def figure(found: Rolling) -> Figure:
    """Latency per token of each step's plan and of the kept one, and the bytes moved."""
    drawing = Figure(figsize=(8, 4.5), layout="constrained")
    above, below = drawing.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    planned = [(n, step.latency_ns) for n, step in enumerate(found.steps)]
    kept = [(n, step.kept_ns) for n, step in enumerate(found.steps)]
    lines = ((planned, "o", "-", "planned again"), (kept, "s", "none", "plan before kept"))
    for index, (pairs, marker, line, words) in enumerate(lines):
        known = [(n, ns / found.tokens / 1e6) for n, ns in pairs if ns is not None]
        above.plot(
            [n for n, _ in known], [ms for _, ms in known], marker=marker, linestyle=line,
            color=colour(index), label=words,
        )  # fmt: skip
    above.set_ylabel("ms per token", color=INK)
    above.set_ylim(bottom=0)
    above.legend(frameon=False)
    places = list(range(len(found.steps)))
    below.bar(places, [step.moved_bytes / 1e9 for step in found.steps], color=colour(2))
    below.set_ylabel("GB moved", color=INK)
    below.set_xticks(places, [step.name for step in found.steps], rotation=20, fontsize=8)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
        axes.spines[["left", "bottom"]].set_color(FAINT)
    return drawing
