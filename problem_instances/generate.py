"""Seeded problems of any kind: equal specifications give equal bytes on every machine."""

from typing import TypeAlias

from problem_instances.generators.dag_partition import DagSpec, dag_partition
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from problem_instances.generators.pipeline_partition import PipelineSpec, pipeline_partition
from problem_instances.generators.prompts import PromptsSpec, prompts
from problem_instances.generators.split_computing import SplitSpec, split_computing
from problem_instances.generators.split_fleet import FleetSpec, split_fleet
from problem_instances.text import to_text

Spec: TypeAlias = DagSpec | PipelineSpec | SelectionSpec | SplitSpec | FleetSpec | PromptsSpec

# No kind of problem, but what a gate of expert selection learns from.
PROMPTS = "prompts"
# The specification of each kind.
SPECS: dict[str, type[Spec]] = {
    "dag_partition": DagSpec,
    "pipeline_partition": PipelineSpec,
    "split_computing": SplitSpec,
    "split_fleet": FleetSpec,
    "expert_selection": SelectionSpec,
    PROMPTS: PromptsSpec,
}


def generate(spec: Spec) -> str:
    """The document of the problem that a specification describes, ready to be read or saved."""
    if isinstance(spec, SplitSpec):
        return to_text(split_computing(spec))
    if isinstance(spec, FleetSpec):
        return to_text(split_fleet(spec))
    if isinstance(spec, SelectionSpec):
        return to_text(expert_selection(spec))
    if isinstance(spec, PromptsSpec):
        return to_text(prompts(spec))
    if isinstance(spec, DagSpec):
        return to_text(dag_partition(spec))
    return to_text(pipeline_partition(spec))
