"""A drawing of a DAG partition: the load of every device, compute and transfers apart."""

from matplotlib.figure import Figure

from models.problems.dag_partition import DagPartitionProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.palette import FAINT, INK, colour

_PIECES = (("compute_ns", "compute"), ("received_ns", "receiving"), ("sent_ns", "sending"))


def figure(problem: DagPartitionProblem, certificate: Certificate) -> Figure:
    """A bar per device in use, in the order of the plan."""
    rows = certificate.breakdown.rows
    drawing = Figure(figsize=(8, 1.6 + 0.32 * len(rows)), layout="constrained")
    axes = drawing.add_subplot()
    for number, (key, label) in enumerate(_PIECES):
        for place, row in enumerate(rows):
            before = sum(int(row[earlier]) for earlier, _ in _PIECES[:number]) / 10**6
            width = int(row[key]) / 10**6
            named = label if place == 0 else None
            axes.barh(place, width, left=before, color=colour(number), height=0.72, label=named)
    names = [
        f"{row['device']} {place + 1}: {format_quantity(int(row['operators']), 'operators')}"
        for place, row in enumerate(rows)
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlabel("load, ms", color=INK)
    title = f"{len(problem.operators)} operators, {problem.objective_in_words}"
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    # Above the bars, which reach everywhere below.
    axes.legend(
        fontsize=7, frameon=False, ncols=len(_PIECES), loc="lower right", bbox_to_anchor=(1, 1)
    )
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
