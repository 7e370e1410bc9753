"""A drawing of replayed caches: hit rates by size, of what was planned with and held out."""

from matplotlib.figure import Figure

from models.expert_cache import ExpertCache
from planner.plot.palette import FAINT, INK, colour
from planner.plot.save import image

_MARKS = "os^vD"


def draw(found: ExpertCache, suffix: str) -> bytes:
    """The replays as an image; suffix: .svg, .png or .pdf."""
    return image(figure(found), suffix)


def figure(found: ExpertCache) -> Figure:
    """Side by side the two parts; a line per policy, the choice in ink, the cliff dotted."""
    drawing = Figure(figsize=(9, 4.5), layout="constrained")
    panels = drawing.subplots(1, 2, sharey=True)
    parts = (("planned with", found.uses), ("held out", found.held_out_uses))
    slots = [size.slots for size in found.sizes]
    for held, (axes, (words, uses)) in enumerate(zip(panels, parts, strict=True)):

        def rate(hits: tuple[int, int], held: int = held, uses: int = uses) -> float:
            return 100 * hits[held] / max(uses, 1)

        for index, name in enumerate(row.policy for row in found.sizes[0].fixed):
            rows = [size.fixed[index] for size in found.sizes]
            axes.plot(
                slots, [rate((row.hits, row.held_out_hits)) for row in rows],
                color=colour(index), marker=_MARKS[index % len(_MARKS)], markersize=5,
                linewidth=1, label=name,
            )  # fmt: skip
        chosen = [size.chosen for size in found.sizes]
        axes.plot(
            slots, [rate((row.hits, row.held_out_hits)) for row in chosen],
            color=INK, marker="*", markersize=9, linewidth=1.5, label="choice",
        )  # fmt: skip
        if found.least_lru_slots is not None:
            axes.axvline(
                found.least_lru_slots, color=FAINT, linestyle=":", label="LRU begins to hit"
            )
        axes.set_title(words, color=INK, fontsize=10)
        axes.set_xlabel("slots", color=INK)
        axes.set_ylim(0, 100)
        axes.grid(color=FAINT, alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("hits, %", color=INK)
    panels[1].legend(fontsize=8, frameon=False, loc="lower right")
    return drawing
