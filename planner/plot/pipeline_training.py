"""A drawing of a training pipeline: what one micro-batch takes on every device, stage by stage."""

from matplotlib.figure import Figure

from models.problems.pipeline_training import PipelineTrainingProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.bars import stacked

_PIECES = (
    ("forward_ns", "forward"),
    ("backward_ns", "backward"),
    ("sends_ns", "activations on"),
    ("returns_ns", "gradients back"),
)


def figure(problem: PipelineTrainingProblem, certificate: Certificate) -> Figure:
    """A bar per device in the order of the stages; transfers are those of its stage."""
    rows = certificate.breakdown.rows
    names = [
        f"{row['stage']}  {row['device']}: {format_quantity(int(row['samples']), 'samples')}, "
        f"{format_quantity(int(row['layers']), 'layers')}"
        for row in rows
    ]
    title = f"{problem.objective_in_words} of {format_quantity(problem.samples, 'samples')}"
    return stacked(rows, names, _PIECES, title, "one micro-batch, ms")
