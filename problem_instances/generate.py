"""Seeded problems of any kind: equal specifications give equal bytes on every machine."""

from problem_instances.generators.pipeline_partition import PipelineSpec, pipeline_partition
from problem_instances.text import to_text

# Grows into a union as kinds are added.
Spec = PipelineSpec


def generate(spec: Spec) -> str:
    """The document of the problem that a specification describes, ready to be read or saved."""
    return to_text(pipeline_partition(spec))
