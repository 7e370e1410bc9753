"""A drawing of a DAG partition: the load of every device, compute and transfers apart."""

from matplotlib.figure import Figure

from models.problems.dag_partition import DagPartitionProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.bars import stacked

_PIECES = (("compute_ns", "compute"), ("received_ns", "receiving"), ("sent_ns", "sending"))


def figure(problem: DagPartitionProblem, certificate: Certificate) -> Figure:
    """A bar per device in use, in the order of the plan."""
    rows = certificate.breakdown.rows
    names = [
        f"{row['device']} {place + 1}: {format_quantity(int(row['operators']), 'operators')}"
        for place, row in enumerate(rows)
    ]
    title = f"{len(problem.operators)} operators, {problem.objective_in_words}"
    return stacked(rows, names, _PIECES, title, "load, ms")
