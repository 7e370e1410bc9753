"""A drawing of a DAG partition: the load of every device, compute and transfers apart."""

from matplotlib.figure import Figure

from models.problems.dag_partition import DagPartitionProblem
from models.result import Certificate
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
    names = [f"{row['device']} {place + 1}: {row['operators']}" for place, row in enumerate(rows)]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlabel("load, ms; behind each device its operators", color=INK)
    axes.set_title(f"{len(problem.operators)} operators, {problem.objective_in_words}", color=INK)
    axes.legend(fontsize=7, frameon=False)
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
