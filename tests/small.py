"""Small problems that tests share; each has a known optimum."""

from models.documents import validate
from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)


def two_devices(memory_bytes: int = 300, **fields: object) -> PipelinePartitionProblem:
    """Four layers of 100 bytes; `quick` takes 100 ns a layer, `slow` 200; a transfer takes 15 ns.

    With 300 bytes each the least latency is 3 x 100 + 15 + 200 = 515 ns, the least period 300 ns.
    `fields` replace fields of the document.
    """
    layer = {"name": "layer", "repeat": 4, "weight_bytes": 100, "output_bytes_per_token": 5}
    devices = [
        {"name": name, "memory_bytes": memory_bytes, "memory_bytes_per_s": rate}
        for name, rate in (("quick", 10**9), ("slow", 5 * 10**8))
    ]
    link = {"latency_ns": 10, "bandwidth_bit_per_s": 8 * 10**9}
    document = {
        "model": {"name": "four", "layers": [layer]},
        "device_graph": {"devices": devices, "default_link": link},
        "objective": "latency",
        **fields,
    }
    return validate(document, PipelinePartitionProblem)


def split(cut: int, first: str = "quick", second: str = "slow") -> PipelinePartitionPlan:
    """The plan for `two_devices` that cuts its chain after `cut` layers."""
    stages = (Stage(device=first, start=0, stop=cut), Stage(device=second, start=cut, stop=4))
    return PipelinePartitionPlan(stages=stages)
