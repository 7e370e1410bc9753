"""Seeded problems of any kind: equal specifications give equal bytes on every machine."""

from typing import TypeAlias

from problem_instances.generators.dag_partition import DagSpec, dag_partition
from problem_instances.generators.pipeline_partition import PipelineSpec, pipeline_partition
from problem_instances.text import to_text

Spec: TypeAlias = DagSpec | PipelineSpec

# The specification of each kind.
SPECS: dict[str, type[Spec]] = {
    "dag_partition": DagSpec,
    "pipeline_partition": PipelineSpec,
}


def generate(spec: Spec) -> str:
    """The document of the problem that a specification describes, ready to be read or saved."""
    if isinstance(spec, DagSpec):
        return to_text(dag_partition(spec))
    return to_text(pipeline_partition(spec))
