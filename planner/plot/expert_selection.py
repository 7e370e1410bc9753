"""A drawing of an expert selection: who answers each cluster, and how well."""

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from models.problems.expert_selection import ExpertSelectionProblem
from models.result import Certificate
from planner.plot.palette import FAINT, INK, colour, ink_on

# More clusters than this are drawn as the most frequent ones.
_MOST = 40


def figure(problem: ExpertSelectionProblem, certificate: Certificate) -> Figure:
    """A bar per cluster: its quality, and the experts that are asked."""
    rows = sorted(certificate.breakdown.rows, key=lambda row: -int(row["weight"]))[:_MOST]
    drawing = Figure(figsize=(8, 1.4 + 0.32 * len(rows)), layout="constrained")
    axes = drawing.add_subplot()
    categories = sorted({cluster.category for cluster in problem.clusters})
    for place, row in enumerate(rows):
        quality = int(row["quality_ppm"]) / 10_000
        shade = colour(categories.index(str(row["category"])))
        axes.barh(place, quality, color=shade, height=0.72)
        asked = str(row["asked"])
        words = asked if len(asked) <= 48 else f"{asked[:47]}…"
        axes.text(1, place, words, va="center", fontsize=7, color=ink_on(shade))
    if len(categories) > 1:
        shown = [name for name in categories if name in {str(row["category"]) for row in rows}]
        handles = [Patch(color=colour(categories.index(name)), label=name) for name in shown]
        drawing.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
    axes.set_yticks(range(len(rows)), [_name(str(r["cluster"]), str(r["category"])) for r in rows])
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("quality of an answer, %", color=INK)
    chosen = certificate.breakdown.totals.get("experts", 0)
    axes.set_title(f"{chosen} of {len(problem.experts)} experts in service", color=INK)
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing


def _name(cluster: str, category: str) -> str:
    return cluster if cluster == category else f"{cluster} ({category})"
