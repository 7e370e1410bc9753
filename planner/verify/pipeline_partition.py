"""Replay of a pipeline plan from the raw instance: every rule and every time, in exact numbers.

Written from the mathematics in models/problems/pipeline_partition.py alone; it shares no table
with any solver, so that an error would have to be made twice, in two ways, to go unnoticed.
"""

from fractions import Fraction
from itertools import pairwise

from models.devices import Device
from models.layers import Layer
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    PreviousPlan,
    Stage,
)
from models.result import Breakdown, Verification, Violation
from models.units import round_half_up


def verify(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> Verification:
    """All violated rules, or else the objective in ns and the stages' times and memory.

    Rules: no-stages, unknown-device, device-reused, empty-stage, layers-covered, memory,
    missing-link, source-device, all-devices, device-order.
    """
    violations = _structure(problem, plan)
    if not violations:
        violations = _memory(problem, plan) + _links(problem, plan)
    violations += _wishes(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    return _replay(problem, plan)


def _structure(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> list[Violation]:
    if not plan.stages:
        return [Violation(rule="no-stages", where="stages")]
    found = []
    used: set[str] = set()
    expected = 0
    for index, stage in enumerate(plan.stages):
        where = f"stages/{index}"
        if problem.device_graph.device(stage.device) is None:
            found.append(Violation(rule="unknown-device", where=f"{where}: {stage.device}"))
        if stage.device in used:
            found.append(Violation(rule="device-reused", where=f"{where}: {stage.device}"))
        used.add(stage.device)
        if stage.stop <= stage.start:
            found.append(Violation(rule="empty-stage", where=where))
        if stage.start != expected:
            layer = f"layer {max(stage.start, expected)} ({where})"
            found.append(_uncovered(layer, stage.start - expected))
        expected = stage.stop
    if expected != len(problem.layers):
        found.append(_uncovered("the end of the chain", len(problem.layers) - expected))
    return found


def _uncovered(where: str, missing: int) -> Violation:
    """Layers that are missing before a place or, where negative, there once too often."""
    how = "missing before" if missing > 0 else "too many before"
    where = f"{how} {where}"
    return Violation(rule="layers-covered", where=where, excess=abs(missing), unit="layers")


def _memory(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> list[Violation]:
    found = []
    for stage in plan.stages:
        excess = memory_bytes(problem, stage) - _device(problem, stage).memory_bytes
        if excess > 0:
            found.append(Violation(rule="memory", where=stage.device, excess=excess, unit="bytes"))
    return found


def _links(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> list[Violation]:
    hops = [(a.device, b.device) for a, b in pairwise(plan.stages)]
    last = plan.stages[-1].device
    if problem.return_hop and problem.source_device not in (None, last):
        hops.append((last, str(problem.source_device)))
    return [
        Violation(rule="missing-link", where=f"{source} -> {target}")
        for source, target in hops
        if problem.device_graph.rate(source, target) is None
    ]


def _wishes(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> list[Violation]:
    found = []
    used = [stage.device for stage in plan.stages]
    if problem.source_device is not None and used[:1] != [problem.source_device]:
        found.append(Violation(rule="source-device", where=problem.source_device))
    if problem.use_all_devices:
        unused = sorted({device.name for device in problem.devices} - set(used))
        if unused:
            found.append(
                Violation(rule="all-devices", where=unused[0], excess=len(unused), unit="devices")
            )
    if problem.device_order is not None:
        position = {name: index for index, name in enumerate(problem.device_order)}
        places = [position[name] for name in used if name in position]
        for before, after in pairwise(places):
            if before > after:
                where = f"{problem.device_order[before]} before {problem.device_order[after]}"
                found.append(Violation(rule="device-order", where=where))
    return found


def _device(problem: PipelinePartitionProblem, stage: Stage) -> Device:
    device = problem.device_graph.device(stage.device)
    if device is None:
        raise KeyError(stage.device)
    return device


def memory_bytes(problem: PipelinePartitionProblem, stage: Stage) -> int:
    """Bytes that a stage fills on its device: weights, full caches, the largest activation."""
    work = problem.workload
    held = problem.layers[stage.start : stage.stop]
    weights = sum(layer.weight_bytes for layer in held)
    per_token = sum(layer.kv_bytes_per_token for layer in held)
    activation = max(layer.activation_bytes_per_token for layer in held)
    return (
        weights
        + per_token * work.context_tokens * work.resident_requests
        + activation * work.unit_tokens * work.batch
    )


def layer_ns(problem: PipelinePartitionProblem, layer: Layer, device: Device) -> int:
    """Time of one unit of a layer on a device, ns: measured, or else by the roofline."""
    work = problem.workload
    measured = problem.profile.time_ns(
        device.profile_type, layer.name, work.unit_tokens, work.batch
    )
    if measured is not None:
        return measured
    seconds = Fraction(0)
    if device.flops_per_s is not None and layer.flops_per_token is not None:
        flops = layer.flops_per_token * work.unit_tokens * work.batch
        seconds = max(seconds, Fraction(flops, device.flops_per_s))
    if device.memory_bytes_per_s is not None:
        cache = layer.kv_bytes_per_token * work.context_tokens * work.batch
        seconds = max(seconds, Fraction(layer.weight_bytes + cache, device.memory_bytes_per_s))
    return device.launch_overhead_ns + round_half_up(seconds * 10**9)


def _compute_ns(problem: PipelinePartitionProblem, stage: Stage) -> int:
    device = _device(problem, stage)
    held = problem.layers[stage.start : stage.stop]
    return sum(layer_ns(problem, layer, device) for layer in held)


def _transfer_ns(problem: PipelinePartitionProblem, stage: Stage, target: str) -> int:
    rate = problem.device_graph.rate(stage.device, target)
    if rate is None:
        raise KeyError((stage.device, target))
    work = problem.workload
    output = problem.layers[stage.stop - 1].output_bytes_per_token
    bits = 8 * (output * work.unit_tokens * work.batch + work.message_bytes)
    return rate.latency_ns - (-bits * 10**9 // rate.bandwidth_bit_per_s)


def _sends_to(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> list[str | None]:
    """For each stage the device that takes its output, None where it stays."""
    following: list[str | None] = [stage.device for stage in plan.stages[1:]]
    home = problem.source_device if problem.return_hop else None
    return [*following, None if home == plan.stages[-1].device else home]


def _moved_bytes(
    problem: PipelinePartitionProblem, previous: PreviousPlan, plan: PipelinePartitionPlan
) -> list[int]:
    """Weight bytes of each layer whose device did not hold it before."""
    held = {(s.device, layer) for s in previous.stages for layer in range(s.start, s.stop)}
    return [
        problem.layers[layer].weight_bytes
        for stage in plan.stages
        for layer in range(stage.start, stage.stop)
        if (stage.device, layer) not in held
    ]


def _replay(problem: PipelinePartitionProblem, plan: PipelinePartitionPlan) -> Verification:
    rows: list[dict[str, str | int]] = []
    for stage, target in zip(plan.stages, _sends_to(problem, plan), strict=True):
        rows.append(
            {
                "device": stage.device,
                "first_layer": stage.start,
                "layers": stage.stop - stage.start,
                "compute_ns": _compute_ns(problem, stage),
                "sends_to": target or "",
                "transfer_ns": 0 if target is None else _transfer_ns(problem, stage, target),
                "memory_bytes": memory_bytes(problem, stage),
                "memory_limit_bytes": _device(problem, stage).memory_bytes,
            }
        )
    compute = [int(row["compute_ns"]) for row in rows]
    transfer = [int(row["transfer_ns"]) for row in rows]
    latency = sum(compute) + sum(transfer)
    loads = (
        compute + transfer
        if problem.overlap
        else [work + sent for work, sent in zip(compute, transfer, strict=True)]
    )
    period = max(loads)
    totals = {"latency_ns": latency, "period_ns": period}
    if problem.objective is PipelineObjective.LATENCY:
        objective = latency
    elif problem.objective is PipelineObjective.THROUGHPUT:
        objective = period
    else:
        objective = latency + ((problem.units or 1) - 1) * period
        totals["makespan_ns"] = objective
    if problem.previous is not None:
        moved = _moved_bytes(problem, problem.previous, plan)
        price = [Fraction(size * problem.previous.ns_per_mib, 2**20) for size in moved]
        totals["migration_bytes"] = sum(moved)
        totals["migration_ns"] = sum(round_half_up(ns) for ns in price)
        objective += totals["migration_ns"]
    return Verification(
        violations=(), objective=objective, breakdown=Breakdown(rows=tuple(rows), totals=totals)
    )
