"""A problem of every kind that a person can solve by hand, for documents and probes."""

from api.examples import (
    dag_partition,
    expert_balance,
    expert_selection,
    offload_placement,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    split_computing,
    split_fleet,
    tensor_partition,
)
from api.examples.example import Example

EXAMPLES: dict[str, Example] = {
    module.EXAMPLE.problem["kind"]: module.EXAMPLE
    for module in (
        pipeline_partition,
        sequence_pipeline,
        split_computing,
        split_fleet,
        expert_selection,
        offload_placement,
        expert_balance,
        dag_partition,
        tensor_partition,
        pipeline_training,
        serving_flow,
    )
}
