"""Integer cost tables of a pipeline problem: D devices, L layers, cuts 0..L.

A stage is layers [a, b) on device d. Cut b is the boundary after layer b - 1; its bytes fall into
one of K size classes (one for a transformer, whose cuts all carry the same), so that transfer
times need D x D x K entries instead of D x D x L.

Ranges. A document's layer takes at most 2 · 10^14 ns (roofline and launch overhead, each checked
against MAX_DURATION_NS), a transfer as much (wire and latency), moving a layer 10^14 ns; a chain
has at most 1024 layers and so 1024 transfers. Latency and moves together stay below 5.2 · 10^17 <
2^59, a quarter of UNREACHABLE, and all sums of them are exact in 64 bits. Only (units - 1) x
period may leave them: it is taken in Python's integers, outside of any array.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.devices import Device, LinkRate
from models.layers import Layer
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.units import round_half_up
from solvers.base import UNREACHABLE
from solvers.tables.kept import kept

Ints = npt.NDArray[np.int64]
Columns = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that a method for this kind reads.

    time: [D, L] ns of one unit of a layer; prefix: [D, L + 1] its running sums;
    fits: [D, L] the largest b for which layers [a, b) fit into the device's memory, a where none;
    link: [D, D, K] ns to send a cut of a size class, UNREACHABLE without a link;
    size_class: [L + 1] the class of a cut (cuts 0 and L: 0 and the last layer's);
    home: [D] ns of the return hop after layer L - 1, 0 where none is needed;
    source: index of the device that must hold layer 0, or None;
    order: [D] position of each device in the given order, or None;
    move: [D, L + 1] running sums of the price, ns, of layers the device does not hold yet.

    The objective is latency_weight x latency + period_weight x period + price of moves.
    """

    names: tuple[str, ...]
    time: Ints
    prefix: Ints
    fits: Ints
    link: Ints
    size_class: Ints
    home: Ints
    source: int | None
    order: Ints | None
    move: Ints
    latency_weight: int
    period_weight: int
    overlap: bool
    use_all: bool

    @property
    def devices(self) -> int:
        """D."""
        return len(self.names)

    @property
    def layers(self) -> int:
        """L."""
        return int(self.time.shape[1])

    def compute(self, device: int, start: int, stop: int) -> int:
        """Time of layers [start, stop) on a device, ns."""
        return int(self.prefix[device, stop] - self.prefix[device, start])

    def transfer(self, source: int, target: int, cut: int) -> int:
        """Time to send the output at `cut` between two devices, ns, or UNREACHABLE."""
        return int(self.link[source, target, self.size_class[cut]])

    def evaluate(self, stages: Columns) -> int | None:
        """Objective of stages (device, start, stop) that cover the chain; None if a rule breaks."""
        if not self._allowed(stages):
            return None
        latency, period = self.times(stages)
        if latency >= UNREACHABLE:
            return None
        moved = sum(int(self.move[d, stop] - self.move[d, start]) for d, start, stop in stages)
        return self.latency_weight * latency + self.period_weight * period + moved

    def times(self, stages: Columns) -> tuple[int, int]:
        """Latency and period of stages, ns; UNREACHABLE or more where a link is missing."""
        compute, transfer = self._stage_times(stages)
        if self.overlap:
            period = max(*compute, *transfer)
        else:
            period = max(work + sent for work, sent in zip(compute, transfer, strict=True))
        return sum(compute) + sum(transfer), period

    def plan(self, stages: Columns) -> PipelinePartitionPlan:
        """The plan document of stages (device, start, stop)."""
        return PipelinePartitionPlan(
            stages=tuple(
                Stage(device=self.names[device], start=start, stop=stop)
                for device, start, stop in stages
            )
        )

    def columns(self, plan: PipelinePartitionPlan) -> Columns | None:
        """The stages (device, start, stop) of a plan document; None if it names unknown devices."""
        index = {name: number for number, name in enumerate(self.names)}
        if any(stage.device not in index for stage in plan.stages):
            return None
        return tuple((index[stage.device], stage.start, stage.stop) for stage in plan.stages)

    @cached_property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """Devices in groups of which any two can be exchanged without changing any cost.

        Two devices belong together when time, memory, return hop and role are equal and
        exchanging them leaves the link table as it is; that relation is transitive.
        """
        groups: list[list[int]] = []
        for device in range(self.devices):
            for group in groups:
                if self._exchangeable(group[0], device):
                    group.append(device)
                    break
            else:
                groups.append([device])
        return tuple(tuple(group) for group in groups)

    def _exchangeable(self, a: int, b: int) -> bool:
        if self.order is not None or self.source in (a, b) or self.home[a] != self.home[b]:
            return False
        rows = (self.time, self.fits, self.move)
        same_rows = all(np.array_equal(row[a], row[b]) for row in rows)
        if not same_rows or not np.array_equal(self.link[a, b], self.link[b, a]):
            return False
        others = np.ones(self.devices, dtype=bool)
        others[[a, b]] = False
        return np.array_equal(self.link[a, others], self.link[b, others]) and np.array_equal(
            self.link[others, a], self.link[others, b]
        )

    def _stage_times(self, stages: Columns) -> tuple[list[int], list[int]]:
        compute = [self.compute(*stage) for stage in stages]
        transfer = [
            self.transfer(stage[0], following[0], stage[2])
            for stage, following in itertools.pairwise(stages)
        ]
        return compute, [*transfer, int(self.home[stages[-1][0]])]

    def _allowed(self, stages: Columns) -> bool:
        devices = [stage[0] for stage in stages]
        if any(stop <= start or stop > self.fits[d, start] for d, start, stop in stages):
            return False
        if len(set(devices)) < len(devices) or (self.use_all and len(devices) < self.devices):
            return False
        if self.source is not None and devices[0] != self.source:
            return False
        if self.order is None:
            return True
        return bool(np.all(np.diff(self.order[devices]) > 0))


@kept
def build(problem: PipelinePartitionProblem) -> Tables:
    """The tables of a problem; O(D L + D² K)."""
    devices = problem.devices
    index = {device.name: number for number, device in enumerate(devices)}
    sent = _cut_bytes(problem)
    # Python's integers: numpy would round bytes beyond 2^63 to a floating-point number.
    sizes = sorted(set(sent))
    place = {size: number for number, size in enumerate(sizes)}
    size_class = np.array([place[size] for size in sent], dtype=np.int64)
    time = np.array([_times(problem, device) for device in devices], dtype=np.int64)
    link = _link_times(problem, sizes)
    source = None if problem.source_device is None else index[problem.source_device]
    home = np.zeros(len(devices), dtype=np.int64)
    if problem.return_hop and source is not None:
        home = link[:, source, size_class[-1]].copy()
        home[source] = 0
    fits = {memory: _fits(problem, memory) for memory in {d.memory_bytes for d in devices}}
    order = None
    if problem.device_order is not None:
        order = np.empty(len(devices), dtype=np.int64)
        order[[index[name] for name in problem.device_order]] = np.arange(len(devices))
    return Tables(
        names=tuple(device.name for device in devices),
        time=time,
        prefix=_running_sums(time),
        fits=np.array([fits[device.memory_bytes] for device in devices], dtype=np.int64),
        link=link,
        size_class=size_class,
        home=home,
        source=source,
        order=order,
        move=_running_sums(np.array([_move_ns(problem, d) for d in devices], dtype=np.int64)),
        latency_weight=int(problem.objective is not PipelineObjective.THROUGHPUT),
        period_weight=_PERIOD_WEIGHT.get(problem.objective, (problem.units or 1) - 1),
        overlap=problem.overlap,
        use_all=problem.use_all_devices,
    )


_PERIOD_WEIGHT = {PipelineObjective.LATENCY: 0, PipelineObjective.THROUGHPUT: 1}


def _running_sums(values: Ints) -> Ints:
    return np.pad(values.cumsum(axis=1), ((0, 0), (1, 0)))


def _move_ns(problem: PipelinePartitionProblem, device: Device) -> list[int]:
    """Price of each layer on a device: 0 where it is held already or moves are free."""
    price = 0 if problem.previous is None else problem.previous.ns_per_mib
    stages = () if problem.previous is None else problem.previous.stages
    held = {n for s in stages if s.device == device.name for n in range(s.start, s.stop)}
    return [
        0 if number in held else round_half_up(Fraction(layer.weight_bytes * price, 2**20))
        for number, layer in enumerate(problem.layers)
    ]


def _times(problem: PipelinePartitionProblem, device: Device) -> list[int]:
    """One entry per layer; repeated layers are one object and are computed once."""
    distinct = {id(layer): layer for layer in problem.layers}
    known = {key: _layer_ns(problem, layer, device) for key, layer in distinct.items()}
    return [known[id(layer)] for layer in problem.layers]


def _cut_bytes(problem: PipelinePartitionProblem) -> list[int]:
    work = problem.workload
    tokens = work.unit_tokens * work.batch
    sent = [layer.output_bytes_per_token * tokens + work.message_bytes for layer in problem.layers]
    return [sent[0], *sent]


def _layer_ns(problem: PipelinePartitionProblem, layer: Layer, device: Device) -> int:
    work = problem.workload
    measured = problem.profile.time_ns(
        device.profile_type, layer.name, work.unit_tokens, work.batch
    )
    if measured is not None:
        return measured
    roofs = [Fraction(0)]
    if device.flops_per_s is not None and layer.flops_per_token is not None:
        tokens = work.unit_tokens * work.batch
        roofs.append(Fraction(layer.flops_per_token * tokens * 10**9, device.flops_per_s))
    if device.memory_bytes_per_s is not None:
        touched = layer.weight_bytes + layer.kv_bytes_per_token * work.context_tokens * work.batch
        roofs.append(Fraction(touched * 10**9, device.memory_bytes_per_s))
    return round_half_up(max(roofs)) + device.launch_overhead_ns


def _link_times(problem: PipelinePartitionProblem, sizes: list[int]) -> Ints:
    graph = problem.device_graph
    names = [device.name for device in problem.devices]
    table = np.full((len(names), len(names), len(sizes)), UNREACHABLE, dtype=np.int64)
    known: dict[LinkRate, Ints] = {}  # most pairs share the default link's
    for a, source in enumerate(names):
        for b, target in enumerate(names):
            rate = graph.rate(source, target) if a != b else None
            if rate is None:
                continue
            if rate not in known:
                wires = (-(-8 * size * 10**9 // rate.bandwidth_bit_per_s) for size in sizes)
                known[rate] = np.array([rate.latency_ns + wire for wire in wires], dtype=np.int64)
            table[a, b] = known[rate]
    return table


def _fits(problem: PipelinePartitionProblem, memory_bytes: int) -> list[int]:
    """For each start the largest stop that fits, by two pointers: both only move right."""
    work = problem.workload
    layers = problem.layers
    held = [
        layer.weight_bytes + layer.kv_bytes_per_token * work.context_tokens * work.resident_requests
        for layer in layers
    ]
    scratch = [layer.activation_bytes_per_token * work.unit_tokens * work.batch for layer in layers]
    stops = []
    stop, total = 0, 0
    for start in range(len(layers)):
        if stop < start:
            stop, total = start, 0
        while stop < len(layers):
            need = total + held[stop] + max(scratch[start : stop + 1])
            if need > memory_bytes:
                break
            total += held[stop]
            stop += 1
        stops.append(stop)
        if stop > start:
            total -= held[start]
    return stops
