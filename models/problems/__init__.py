"""The closed unions of all problem kinds and their plans, told apart by `kind`."""

from typing import Annotated, TypeAlias

from pydantic import Field

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem

AnyProblem: TypeAlias = Annotated[
    DagPartitionProblem | PipelinePartitionProblem, Field(discriminator="kind")
]
AnyPlan: TypeAlias = Annotated[
    DagPartitionPlan | PipelinePartitionPlan, Field(discriminator="kind")
]

# One line per kind: its problem, its plan.
KINDS: dict[str, tuple[type[AnyProblem], type[AnyPlan]]] = {
    "dag_partition": (DagPartitionProblem, DagPartitionPlan),
    "pipeline_partition": (PipelinePartitionProblem, PipelinePartitionPlan),
}
