"""The closed unions of all problem kinds and their plans, told apart by `kind`."""

from typing import TypeAlias

from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem

# The second kind turns these into Annotated[A | B, Field(discriminator="kind")].
AnyProblem: TypeAlias = PipelinePartitionProblem
AnyPlan: TypeAlias = PipelinePartitionPlan

# One line per kind: its problem, its plan.
KINDS: dict[str, tuple[type[AnyProblem], type[AnyPlan]]] = {
    "pipeline_partition": (PipelinePartitionProblem, PipelinePartitionPlan),
}
