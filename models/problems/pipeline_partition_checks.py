"""Contradictions between a chain, its devices and links: times that are not known or absurd."""

from typing import TYPE_CHECKING

from models.base import contradiction
from models.devices import Device
from models.layers import Layer
from models.units import MAX_BIT_PER_S, MAX_DURATION_NS

if TYPE_CHECKING:
    from models.problems.pipeline_partition import PipelinePartitionProblem as Problem


def check_times(problem: "Problem") -> None:
    """Raises a contradiction where a layer's time on a device is not known, or over a day."""
    kinds: dict[object, int] = {}
    for index, device in enumerate(problem.devices):
        kinds.setdefault(
            (device.profile_type, device.flops_per_s, device.memory_bytes_per_s), index
        )
    for index in kinds.values():
        for layer in problem.model.layers:
            _check_time(problem, layer, problem.devices[index], index)


def check_transfers(problem: "Problem") -> None:
    """Raises a contradiction where one unit takes over a day on the slowest link.

    Without links, which may be added to see what that would change, the fastest one counts.
    """
    graph, work = problem.device_graph, problem.workload
    ways = [*graph.links, *([] if graph.default_link is None else [graph.default_link])]
    slowest = min((way.bandwidth_bit_per_s for way in ways), default=MAX_BIT_PER_S)
    where = "the slowest link" if ways else "any link that can be stated"
    for index, layer in enumerate(problem.model.layers):
        tokens = work.unit_tokens * work.batch
        bits = 8 * (layer.output_bytes_per_token * tokens + work.message_bytes)
        if bits * 10**9 > slowest * MAX_DURATION_NS:
            raise contradiction(
                f"sending one unit of layer '{layer.name}' over {where} takes over a day",
                "check output_bytes_per_token, the workload's sizes and the links' bandwidths",
                *("model", "layers", index, "output_bytes_per_token"),
            )


def _check_time(problem: "Problem", layer: Layer, device: Device, index: int) -> None:
    work = problem.workload
    kind = device.profile_type
    if problem.profile.time_ns(kind, layer.name, work.unit_tokens, work.batch) is not None:
        return
    tokens = work.unit_tokens * work.batch
    cached = layer.kv_bytes_per_token * work.context_tokens * work.batch
    terms: dict[str, int] = {}
    if device.flops_per_s is not None and layer.flops_per_token is not None:
        terms["flops_per_s"] = layer.flops_per_token * tokens * 10**9 // device.flops_per_s
    if device.memory_bytes_per_s is not None:
        touched = layer.weight_bytes + cached
        terms["memory_bytes_per_s"] = touched * 10**9 // device.memory_bytes_per_s
    if not terms:
        raise contradiction(
            f"how long layer '{layer.name}' takes on device '{device.name}' is not known",
            f"measure type '{kind}' at {work.unit_tokens} tokens x batch {work.batch}, or give the "
            "device's memory_bytes_per_s or flops_per_s",
            *("device_graph", "devices", index, "memory_bytes_per_s"),
        )
    slowest = max(terms, key=lambda field: terms[field])
    if terms[slowest] > MAX_DURATION_NS:
        raise contradiction(
            f"layer '{layer.name}' takes over a day on device '{device.name}'",
            "check flops_per_token, weight_bytes and the device's rates",
            *("device_graph", "devices", index, slowest),
        )
