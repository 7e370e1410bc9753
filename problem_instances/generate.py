"""Seeded problems of any kind: equal specifications give equal bytes on every machine."""

from collections.abc import Callable
from typing import Any, TypeAlias

from problem_instances.generators.dag_partition import DagSpec, dag_partition
from problem_instances.generators.expert_balance import BalanceSpec, expert_balance
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from problem_instances.generators.offload_placement import OffloadSpec, offload_placement
from problem_instances.generators.pipeline_partition import PipelineSpec, pipeline_partition
from problem_instances.generators.pipeline_training import TrainingSpec, pipeline_training
from problem_instances.generators.prompts import PromptsSpec, prompts
from problem_instances.generators.sequence_pipeline import SequenceSpec, sequence_pipeline
from problem_instances.generators.serving_flow import ServingSpec, serving_flow
from problem_instances.generators.split_computing import SplitSpec, split_computing
from problem_instances.generators.split_fleet import FleetSpec, split_fleet
from problem_instances.generators.tensor_partition import TensorSpec, tensor_partition
from problem_instances.text import to_text

Spec: TypeAlias = (
    DagSpec
    | PipelineSpec
    | SequenceSpec
    | SelectionSpec
    | SplitSpec
    | FleetSpec
    | BalanceSpec
    | PromptsSpec
    | OffloadSpec
    | TensorSpec
    | TrainingSpec
    | ServingSpec
)

# No kind of problem, but what a gate of expert selection learns from.
PROMPTS = "prompts"
# The specification of each kind.
SPECS: dict[str, type[Spec]] = {
    "dag_partition": DagSpec,
    "pipeline_partition": PipelineSpec,
    "sequence_pipeline": SequenceSpec,
    "split_computing": SplitSpec,
    "split_fleet": FleetSpec,
    "expert_selection": SelectionSpec,
    "offload_placement": OffloadSpec,
    "expert_balance": BalanceSpec,
    "tensor_partition": TensorSpec,
    "pipeline_training": TrainingSpec,
    "serving_flow": ServingSpec,
    PROMPTS: PromptsSpec,
}

_MAKERS: dict[type, Callable[[Any], dict[str, object]]] = {
    DagSpec: dag_partition,
    PipelineSpec: pipeline_partition,
    SequenceSpec: sequence_pipeline,
    SplitSpec: split_computing,
    FleetSpec: split_fleet,
    SelectionSpec: expert_selection,
    OffloadSpec: offload_placement,
    ServingSpec: serving_flow,
    BalanceSpec: expert_balance,
    TensorSpec: tensor_partition,
    TrainingSpec: pipeline_training,
    PromptsSpec: prompts,
}


def generate(spec: Spec) -> str:
    """The document of the problem that a specification describes, ready to be read or saved."""
    return to_text(_MAKERS[type(spec)](spec))
