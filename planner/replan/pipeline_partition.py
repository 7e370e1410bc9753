"""Changes of a pipeline's devices: some lost, some slower, the old plan remembered."""

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction

from models.base import MAX_NAME
from models.devices import Device, DeviceGraph
from models.layers import Layer, Measurement, Profile
from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    PreviousPlan,
    Stage,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, check_names, factor_of


def changed(
    problem: PipelinePartitionProblem,
    plan: PipelinePartitionPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> PipelinePartitionProblem:
    """The changed problem; see planner.replan.changed."""
    check_names(problem.device_graph, lost, "lost")
    check_names(problem.device_graph, [name for name, _ in slowed], "slowed")
    if problem.source_device in lost:
        raise ChangeError(
            f"'{problem.source_device}' is the source device; change 'source_device' in the file",
            "lost",
        )
    for name, factor in slowed:
        problem = _slow(problem, name, factor_of(factor))
    order = problem.device_order
    previous = PreviousPlan(stages=plan.stages, ns_per_mib=ns_per_mib)
    fields = problem.model_dump() | {
        "device_graph": without(problem.device_graph, lost).model_dump(),
        "device_order": order and tuple(name for name in order if name not in lost),
        "previous": previous.model_dump(),
    }
    return PipelinePartitionProblem.model_validate(fields)


def moves(
    problem: PipelinePartitionProblem, before: PipelinePartitionPlan, after: PipelinePartitionPlan
) -> tuple[Move, ...]:
    """Runs of layers that change from one device to another; see planner.replan.moves."""
    return layer_moves(problem.layers, before.stages, after.stages)


def layer_moves(
    layers: Sequence[Layer], before: Iterable[Stage], after: Iterable[Stage]
) -> tuple[Move, ...]:
    """Runs of layers that change from one device to another between two rows of stages."""
    old, new = _holders(before), _holders(after)
    found = []
    for (source, target), run in itertools.groupby(
        range(len(layers)), key=lambda layer: (old.get(layer), new[layer])
    ):
        held = list(run)
        if source != target:
            what = f"layers {held[0]} to {held[-1]}" if len(held) > 1 else f"layer {held[0]}"
            size = sum(layers[layer].weight_bytes for layer in held)
            found.append(Move(what, source, target, size))
    return tuple(found)


def _holders(stages: Iterable[Stage]) -> dict[int, str]:
    """The device of every layer."""
    return {layer: s.device for s in stages for layer in range(s.start, s.stop)}


def without(graph: DeviceGraph, lost: tuple[str, ...]) -> DeviceGraph:
    """The devices that are left, with the links between them. Raises ChangeError."""
    devices = tuple(device for device in graph.devices if device.name not in lost)
    if not devices:
        raise ChangeError("no device is left", "lost")
    links = tuple(link for link in graph.links if not {link.source, link.target} & set(lost))
    return DeviceGraph(devices=devices, links=links, default_link=graph.default_link)


def _slow(
    problem: PipelinePartitionProblem, name: str, factor: Fraction
) -> PipelinePartitionProblem:
    """One device `factor` times slower: its rates, and measured times under a type of its own."""
    graph = problem.device_graph
    used = {device.profile_type for device in problem.devices}
    kind = unused_type(name, used | {k for m in problem.profile.measurements for k in m.time_ns})
    devices = tuple(
        _slower(device, kind, factor) if device.name == name else device for device in graph.devices
    )
    old = next(device.profile_type for device in graph.devices if device.name == name)
    measurements = tuple(
        _with_slower_type(measurement, old, kind, factor)
        for measurement in problem.profile.measurements
    )
    return problem.model_copy(
        update={
            "device_graph": graph.model_copy(update={"devices": devices}),
            "profile": Profile(measurements=measurements),
        }
    )


def unused_type(name: str, used: set[str]) -> str:
    """A device type that nothing has yet, named after a device as far as a name's length goes."""
    for number in itertools.count(1):
        end = " slowed" if number == 1 else f" slowed {number}"
        kind = name[: MAX_NAME - len(end)].rstrip() + end
        if kind not in used:
            return kind
    raise AssertionError("numbers do not end")


def _slower(device: Device, kind: str, factor: Fraction) -> Device:
    rates = {
        field: max(1, round_half_up(value / factor))
        for field in ("flops_per_s", "memory_bytes_per_s")
        if (value := getattr(device, field)) is not None
    }
    overhead = round_half_up(device.launch_overhead_ns * factor)
    return device.model_copy(update={"type": kind, "launch_overhead_ns": overhead, **rates})


def _with_slower_type(
    measurement: Measurement, old: str, kind: str, factor: Fraction
) -> Measurement:
    if old not in measurement.time_ns:
        return measurement
    slower = {layer: round_half_up(ns * factor) for layer, ns in measurement.time_ns[old].items()}
    return measurement.model_copy(update={"time_ns": {**measurement.time_ns, kind: slower}})
