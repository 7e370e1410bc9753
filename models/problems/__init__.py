"""The closed unions of all problem kinds and their plans, told apart by `kind`."""

from typing import Annotated, Any, TypeAlias

from pydantic import Field

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.problems.tensor_partition import TensorPartitionPlan, TensorPartitionProblem

AnyProblem: TypeAlias = Annotated[
    DagPartitionProblem
    | PipelinePartitionProblem
    | ExpertSelectionProblem
    | ExpertBalanceProblem
    | SplitComputingProblem
    | SplitFleetProblem
    | OffloadPlacementProblem
    | TensorPartitionProblem
    | PipelineTrainingProblem
    | SequencePipelineProblem
    | ServingFlowProblem,
    Field(discriminator="kind"),
]
AnyPlan: TypeAlias = Annotated[
    DagPartitionPlan
    | PipelinePartitionPlan
    | ExpertSelectionPlan
    | ExpertBalancePlan
    | SplitComputingPlan
    | SplitFleetPlan
    | OffloadPlacementPlan
    | TensorPartitionPlan
    | PipelineTrainingPlan
    | SequencePipelinePlan
    | ServingFlowPlan,
    Field(discriminator="kind"),
]

# One line per kind: its problem, its plan.
KINDS: dict[str, tuple[type[Any], type[Any]]] = {
    "dag_partition": (DagPartitionProblem, DagPartitionPlan),
    "pipeline_partition": (PipelinePartitionProblem, PipelinePartitionPlan),
    "sequence_pipeline": (SequencePipelineProblem, SequencePipelinePlan),
    "expert_selection": (ExpertSelectionProblem, ExpertSelectionPlan),
    "expert_balance": (ExpertBalanceProblem, ExpertBalancePlan),
    "split_computing": (SplitComputingProblem, SplitComputingPlan),
    "split_fleet": (SplitFleetProblem, SplitFleetPlan),
    "offload_placement": (OffloadPlacementProblem, OffloadPlacementPlan),
    "tensor_partition": (TensorPartitionProblem, TensorPartitionPlan),
    "pipeline_training": (PipelineTrainingProblem, PipelineTrainingPlan),
    "serving_flow": (ServingFlowProblem, ServingFlowPlan),
}
