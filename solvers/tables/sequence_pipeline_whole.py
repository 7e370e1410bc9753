"""A sequence pipeline as a pipeline whose one unit is the whole prompt.

For planners that cut the layers before they know of chunks; memory is that of the shortest chunk,
which is what a plan can be brought to.
"""

from models.layers import Measurement, Profile
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.workload import Inference
from solvers.tables.sequence_pipeline import Tables


def as_pipeline(tables: Tables, objective: PipelineObjective) -> PipelinePartitionProblem:
    """The problem of the layers alone, latency or throughput of whole prompts."""
    problem = tables.problem
    prompt = problem.prompt_tokens
    drafts = 0 if problem.decoding is None else problem.decoding.pass_tokens
    shortest = max(problem.least_chunk, drafts)
    layers = tuple(
        layer.model_copy(
            update={
                "activation_bytes_per_token": -(
                    -layer.activation_bytes_per_token * shortest // prompt
                )
            }
        )
        for layer in problem.model.layers
    )
    return PipelinePartitionProblem(
        model=problem.model.model_copy(update={"layers": layers}),
        profile=Profile(
            measurements=(Measurement(tokens=prompt, time_ns=_times(problem, tables)),)
        ),
        device_graph=problem.device_graph,
        workload=Inference(
            prompt_tokens=problem.context_tokens,
            unit_tokens=prompt,
            message_bytes=problem.message_bytes,
        ),
        objective=objective,
        overlap=problem.overlap,
        use_all_devices=problem.use_all_devices,
        device_order=problem.device_order,
    )


def _times(problem: Problem, tables: Tables) -> dict[str, dict[str, int]]:
    """Per device type and layer the time of the whole prompt as one chunk, ns."""
    whole = int(tables.arc[0, -1])
    first = {layer.name: n for n, layer in reversed(list(enumerate(problem.layers)))}
    found: dict[str, dict[str, int]] = {}
    for device, kind in zip(problem.devices, tables.kind.tolist(), strict=True):
        rows = tables.prefix[kind, :, whole]
        found[device.profile_type] = {name: int(rows[n + 1] - rows[n]) for name, n in first.items()}
    return found
