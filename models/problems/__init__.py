"""The closed unions of all problem kinds and their plans, told apart by `kind`."""

from typing import Annotated, TypeAlias

from pydantic import Field

from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem

AnyProblem: TypeAlias = Annotated[
    PipelinePartitionProblem | SplitComputingProblem | SplitFleetProblem,
    Field(discriminator="kind"),
]
AnyPlan: TypeAlias = Annotated[
    PipelinePartitionPlan | SplitComputingPlan | SplitFleetPlan,
    Field(discriminator="kind"),
]

# One line per kind: its problem, its plan.
KINDS: dict[str, tuple[type[AnyProblem], type[AnyPlan]]] = {
    "pipeline_partition": (PipelinePartitionProblem, PipelinePartitionPlan),
    "split_computing": (SplitComputingProblem, SplitComputingPlan),
    "split_fleet": (SplitFleetProblem, SplitFleetPlan),
}
