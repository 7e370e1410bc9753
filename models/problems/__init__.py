"""The closed unions of all problem kinds and their plans, told apart by `kind`."""

from typing import Annotated, TypeAlias

from pydantic import Field

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem

AnyProblem: TypeAlias = Annotated[
    PipelinePartitionProblem | ExpertSelectionProblem, Field(discriminator="kind")
]
AnyPlan: TypeAlias = Annotated[
    PipelinePartitionPlan | ExpertSelectionPlan, Field(discriminator="kind")
]

# One line per kind: its problem, its plan.
KINDS: dict[
    str,
    tuple[
        type[PipelinePartitionProblem | ExpertSelectionProblem],
        type[PipelinePartitionPlan | ExpertSelectionPlan],
    ],
] = {
    "pipeline_partition": (PipelinePartitionProblem, PipelinePartitionPlan),
    "expert_selection": (ExpertSelectionProblem, ExpertSelectionPlan),
}
