"""A drawing of a tensor partition: what a layer's parts take on every device of the group."""

from matplotlib.figure import Figure

from models.problems.tensor_partition import TensorPartitionProblem
from models.result import Certificate
from planner.plot.bars import stacked

_PIECES = (("attention_ns", "attention"), ("mlp_ns", "MLP"), ("connective_ns", "connective"))


def figure(problem: TensorPartitionProblem, certificate: Certificate) -> Figure:
    """A bar per device; what a layer takes beyond the longest is waiting for transfers."""
    rows = certificate.breakdown.rows
    names = [
        f"{row['device']}: {row['heads']} heads, {row['columns']} blocks, {row['rows']} rows"
        for row in rows
    ]
    title = f"{problem.layers} layers, {problem.objective_in_words}, mode {rows[0]['mode']}"
    return stacked(rows, names, _PIECES, title, "one layer, ms")
