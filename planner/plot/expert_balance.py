"""A drawing of a placement: how far each layer is from perfect balance, in sample and held out."""

from matplotlib.figure import Figure

from models.problems.expert_balance import ExpertBalanceProblem
from models.result import Certificate
from planner.plot.palette import FAINT, INK, colour


def figure(problem: ExpertBalanceProblem, certificate: Certificate) -> Figure:
    """A pair of bars per layer: the slowest device over the mean, less 1, in percent."""
    rows = certificate.breakdown.rows
    drawing = Figure(figsize=(max(5, 2 + 0.3 * len(rows)), 3.5), layout="constrained")
    axes = drawing.add_subplot()
    columns = [("max_over_mean_ppm", "planned on")]
    if problem.held_out:
        columns.append(("held_out_ppm", "held out"))
    width = 0.8 / len(columns)
    for place, (column, label) in enumerate(columns):
        heights = [(int(row[column]) - 10**6) / 10**4 for row in rows]
        left = [int(row["layer"]) + (place - (len(columns) - 1) / 2) * width for row in rows]
        axes.bar(left, heights, width=width, color=colour(place), label=label)
    axes.set_xlabel("layer", color=INK)
    axes.set_ylabel("slowest device above the mean, %", color=INK)
    axes.set_title(f"{problem.size_in_words}, {problem.slots} slots: {problem.mode}", color=INK)
    axes.tick_params(labelsize=7, colors=INK)
    if len(columns) > 1:
        axes.legend(frameon=False, labelcolor=INK)
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
