"""Explanations of pipeline problems, by solving them with rules left out.

The dynamic program decides each variant exactly, so what is said here is proved: a set of rules is
called a conflict when the problem is infeasible with them and feasible without any one of them.
"""

import time
from itertools import combinations, pairwise

from models.devices import Device, DeviceGraph, Link, LinkRate
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.result import Claim, Limits, Reason
from models.units import format_quantity
from planner.verify import verify
from planner.verify.pipeline_partition import memory_bytes
from solvers.registry import entries

# More than any model needs, so that memory no longer binds.
_PLENTY = 2**60

Problem = PipelinePartitionProblem


class _Clock:
    """Answers what-if questions until the time is up."""

    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def solve(self, problem: Problem) -> Claim[PipelinePartitionPlan] | None:
        """The exact method's claim, or None where time ran out."""
        left = self._end - time.monotonic_ns()
        if left <= 0:
            return None
        method = entries(problem.kind)[0].load()
        claim: Claim[PipelinePartitionPlan] = method.solve(problem, Limits(time_limit_ns=left))
        return claim if claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE) else None

    def feasible(self, problem: Problem) -> bool | None:
        """Whether any plan exists, or None where time ran out."""
        simple = {"objective": PipelineObjective.LATENCY, "units": None, "previous": None}
        claim = self.solve(problem.model_copy(update=simple))
        return None if claim is None else claim.plan is not None


def _without(problem: Problem, rule: str) -> Problem:
    """The problem with one rule left out."""
    graph = problem.device_graph
    if rule == "memory":
        roomy = tuple(d.model_copy(update={"memory_bytes": _PLENTY}) for d in graph.devices)
        return problem.model_copy(update={"device_graph": _with_devices(graph, roomy)})
    if rule == "links":
        joined = DeviceGraph(
            devices=graph.devices, links=graph.links, default_link=_any_rate(graph)
        )
        return problem.model_copy(update={"device_graph": joined})
    off: dict[str, dict[str, object]] = {
        "source_device": {"source_device": None, "return_hop": False},
        "return_hop": {"return_hop": False},
        "use_all_devices": {"use_all_devices": False},
        "device_order": {"device_order": None},
    }
    return problem.model_copy(update=off[rule])


def _with_devices(graph: DeviceGraph, devices: tuple[Device, ...]) -> DeviceGraph:
    return DeviceGraph(devices=devices, links=graph.links, default_link=graph.default_link)


def _any_rate(graph: DeviceGraph) -> LinkRate:
    """The default link, or else the slowest of the links, for pairs that have none."""
    if graph.default_link is not None:
        return graph.default_link
    rates = [
        LinkRate(latency_ns=link.latency_ns, bandwidth_bit_per_s=link.bandwidth_bit_per_s)
        for link in graph.links
    ]
    slow = min(rates, key=lambda rate: rate.bandwidth_bit_per_s, default=None)
    return slow or LinkRate(bandwidth_bit_per_s=10**9)


def _rules(problem: Problem) -> list[str]:
    """The rules that the problem has, the ones a person would rather give up first."""
    rules = []
    if problem.device_order is not None:
        rules.append("device_order")
    if problem.use_all_devices:
        rules.append("use_all_devices")
    if problem.return_hop:
        rules.append("return_hop")
    if problem.source_device is not None:
        rules.append("source_device")
    names = [device.name for device in problem.devices]
    rate = problem.device_graph.rate
    if any(rate(a, b) is None for a in names for b in names if a != b):
        rules.append("links")
    return [*rules, "memory"]


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """The conflict and its repairs; see the module."""
    clock = _Clock(time_limit_ns)
    conflict = _conflict(problem, clock)
    if problem.use_all_devices and len(problem.devices) > len(problem.layers):
        return (
            f"{len(problem.devices)} devices cannot all take part: the model has only "
            f"{len(problem.layers)} layers; leave use_all_devices out",
        )
    lines = [f"these rules cannot hold together: {', '.join(conflict)}"]
    if "memory" in conflict:
        lines += _memory_lines(problem, clock)
    if "links" in conflict:
        lines += _link_lines(problem, clock)
    for rule in conflict:
        if rule not in ("memory", "links") and clock.feasible(_without(problem, rule)):
            lines.append(f"without {rule} there is a plan")
    return tuple(lines)


def _conflict(problem: Problem, clock: _Clock) -> list[str]:
    """A smallest set of rules (none can go) that are infeasible together: deletion filter."""
    kept = _rules(problem)
    for rule in list(kept):
        others = [name for name in kept if name != rule]
        reduced = problem
        for name in _rules(problem):
            if name not in others:
                reduced = _without(reduced, name)
        if clock.feasible(reduced) is False:
            kept = others
    return kept


def _memory_lines(problem: Problem, clock: _Clock) -> list[str]:
    whole = Stage(device=problem.devices[0].name, start=0, stop=len(problem.layers))
    need = memory_bytes(problem, whole)
    room = sum(device.memory_bytes for device in problem.devices)
    lines = [
        f"no device set holds {format_quantity(need, 'bytes')}: "
        f"the {len(problem.devices)} devices have {format_quantity(room, 'bytes')} together"
        if room < need
        else f"the devices have {format_quantity(room, 'bytes')} for the "
        f"{format_quantity(need, 'bytes')} of the model, but no allowed cut fits them"
    ]
    repairs = _memory_repairs(problem, clock)
    if repairs:
        extra = min(repairs)
        names = ", ".join(repairs[extra])
        which = f"any one of {names}" if len(repairs[extra]) > 1 else names
        lines.append(
            f"{format_quantity(extra, 'bytes')} ({extra:,} bytes) more on {which} would do"
        )
    return lines


def _memory_repairs(problem: Problem, clock: _Clock) -> dict[int, list[str]]:
    """Least extra bytes on one device -> the devices for which they suffice."""
    found: dict[int, list[str]] = {}
    known: dict[tuple[str, int], int | None] = {}
    for device in problem.devices:
        alike = (device.profile_type, device.memory_bytes)
        uniform = not problem.device_graph.links and problem.source_device != device.name
        if not (uniform and problem.device_order is None and alike in known):
            known[alike] = _least_extra(problem, device, clock)
        extra = known[alike]
        if extra is not None:
            found.setdefault(extra, []).append(device.name)
    return found


def _least_extra(problem: Problem, device: Device, clock: _Clock) -> int | None:
    """Least extra memory of one device that makes a plan possible; None if none or no time.

    Only the needs of layer ranges matter, so the search bisects over those.
    """
    needs = _range_needs(problem)
    steps = [need - device.memory_bytes for need in needs if need > device.memory_bytes]
    if not steps or not clock.feasible(_with_memory(problem, device, needs[-1])):
        return None
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        enough = clock.feasible(_with_memory(problem, device, device.memory_bytes + steps[middle]))
        if enough is None:
            return None
        low, high = (low, middle) if enough else (middle + 1, high)
    return steps[low]


def _range_needs(problem: Problem) -> list[int]:
    """Distinct memory needs of all layer ranges, ascending."""
    layers = len(problem.layers)
    work = problem.workload
    held = [
        layer.weight_bytes + layer.kv_bytes_per_token * work.context_tokens * work.resident_requests
        for layer in problem.layers
    ]
    scratch = [
        layer.activation_bytes_per_token * work.unit_tokens * work.batch for layer in problem.layers
    ]
    needs = set()
    for start in range(layers):
        total, peak = 0, 0
        for stop in range(start, layers):
            total, peak = total + held[stop], max(peak, scratch[stop])
            needs.add(total + peak)
    return sorted(needs)


def _with_memory(problem: Problem, device: Device, memory: int) -> Problem:
    graph = problem.device_graph
    devices = tuple(
        d.model_copy(update={"memory_bytes": memory}) if d.name == device.name else d
        for d in graph.devices
    )
    return problem.model_copy(update={"device_graph": _with_devices(graph, devices)})


def _link_lines(problem: Problem, clock: _Clock) -> list[str]:
    """Single links, in both directions, whose addition makes a plan possible, at most five."""
    graph = problem.device_graph
    names = [device.name for device in graph.devices]
    pairs = [(a, b) for a, b in combinations(names, 2)]
    missing = [(a, b) for a, b in pairs if None in (graph.rate(a, b), graph.rate(b, a))]
    helpful = []
    for pair in missing:
        joined = DeviceGraph(
            devices=graph.devices,
            links=(*graph.links, *_missing_directions(graph, pair)),
            default_link=graph.default_link,
        )
        if clock.feasible(problem.model_copy(update={"device_graph": joined})):
            helpful.append(f"{pair[0]} - {pair[1]}")
        if len(helpful) == 5:
            break
    if not helpful:
        return ["no single further link is enough, or none was found in time"]
    return [f"a link {' or '.join(helpful)} would do"]


def _missing_directions(graph: DeviceGraph, pair: tuple[str, str]) -> tuple[Link, ...]:
    rate = _any_rate(graph)
    return tuple(
        Link(source=a, target=b, directed=True, **rate.model_dump())
        for a, b in (pair, pair[::-1])
        if graph.rate(a, b) is None
    )


def binding(problem: Problem, plan: PipelinePartitionPlan, time_limit_ns: int) -> tuple[str, ...]:
    """The bottleneck, the stages whose memory binds, and what each rule costs."""
    verification = verify(problem, plan)
    if verification.objective is None:
        return tuple(f"{v.rule} is broken at {v.where}" for v in verification.violations)
    lines = [_bottleneck(verification.breakdown.rows)]
    lines += _tight_memory(problem, plan)
    lines += _prices(problem, verification.objective, _Clock(time_limit_ns))
    return tuple(lines)


def _bottleneck(rows: tuple[dict[str, str | int], ...]) -> str:
    parts = [(int(row["compute_ns"]), f"computing on {row['device']}") for row in rows]
    parts += [
        (int(row["transfer_ns"]), f"sending from {row['device']} to {row['sends_to']}")
        for row in rows
        if row["sends_to"]
    ]
    longest, what = max(parts)
    return f"the longest step is {what}: {format_quantity(longest, 'ns')} per unit"


def _tight_memory(problem: Problem, plan: PipelinePartitionPlan) -> list[str]:
    """Stages whose device could not take over one layer of a neighbour."""
    lines = []
    for before, after in pairwise(plan.stages):
        grown = [
            Stage(device=before.device, start=before.start, stop=before.stop + 1),
            Stage(device=after.device, start=after.start - 1, stop=after.stop),
        ]
        for stage in grown:
            device = problem.device_graph.device(stage.device)
            lacking = 0 if device is None else memory_bytes(problem, stage) - device.memory_bytes
            if lacking > 0:
                lines.append(
                    f"memory binds on {stage.device}: one layer more needs "
                    f"{format_quantity(lacking, 'bytes')} more"
                )
    return list(dict.fromkeys(lines))


def _prices(problem: Problem, objective: int, clock: _Clock) -> list[str]:
    """For each rule, the optimum without it against this plan's objective."""
    lines = []
    for rule in _rules(problem):
        claim = clock.solve(_without(problem, rule))
        if claim is None or claim.lower_bound is None:
            lines.append(f"without {rule}: not known in time")
        elif claim.lower_bound < objective:
            saved = (objective - claim.lower_bound) / objective
            better = format_quantity(claim.lower_bound, "ns")
            lines.append(f"without {rule} the optimum would be {better} (-{saved:.1%})")
        else:
            lines.append(f"{rule} costs nothing")
    return lines
