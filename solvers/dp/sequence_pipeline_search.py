"""Best-first search over layer plans, each bounded by what any chunks take on it.

A node is the stages of the first layers. With m the least time of any chunk and W that of all
chunks of a division, on a machine, and links being machines too,

    prefill ≥ Σ m + max (W - m)

over the machines of a plan: the first chunk passes those before the slowest one, the last chunk
those behind it. What is not placed yet counts by its fastest device, and in the maximum as shared
by all devices that are left. Devices that can be exchanged are used in the order of the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

import numpy as np

from models.devices import LinkRate
from solvers.tables.sequence_pipeline import Columns, Ints, Tables
from solvers.tables.sequence_pipeline_chunks import least_and_spread


@dataclass(frozen=True)
class Node:
    """Stages of the first layers, and what is known of them; ns.

    bound: no plan that begins so costs less; head: Σ m; peak: max (W - m); latency, period: of a
    decoding pass.
    """

    bound: int
    depth: int  # deeper ones first, so that a plan is found soon
    stages: Columns
    head: int = 0
    peak: int = 0
    latency: int = 0
    period: int = 0


@dataclass(frozen=True, eq=False)
class _Floor:
    """Per type and layer, as running sums over layers: m, W - m and a pass; ns."""

    least: Ints
    spread: Ints
    passes: Ints


class Space:
    """The nodes of a problem and what bounds them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._overlap = tables.problem.overlap
        self._floor = _floor(tables)
        present = np.unique(tables.kind)
        # [L + 1] of the layers from each one on: on the fastest device each.
        self._rest = [
            np.append(np.diff(rows[present], axis=1).min(axis=0)[::-1].cumsum()[::-1], 0)
            for rows in (self._floor.least, self._floor.spread, self._floor.passes)
        ]
        self._wires: dict[tuple[int, int, int], tuple[int, int] | None] = {}

    def root(self) -> Node:
        """No stage yet."""
        return Node(bound=0, depth=0, stages=())

    def children(self, node: Node) -> Iterator[Node]:
        """The node with one stage more, wherever that keeps to all rules."""
        tables = self.tables
        start = node.stages[-1][2] if node.stages else 0
        used = [stage[0] for stage in node.stages]
        for device in self._next_devices(used):
            wire = self._wire(node.stages, device)
            if wire is None:
                continue
            left = tables.devices - len(used) - 1
            last = tables.layers - (left if tables.problem.use_all_devices else 0)
            for stop in range(start + 1, last + 1):
                if tables.room(device, start, stop) < tables.problem.least_chunk:
                    break
                if stop < tables.layers and left == 0:
                    continue
                child = self._child(node, (device, start, stop), wire, left)
                if child is not None:
                    yield child

    def _next_devices(self, used: list[int]) -> Iterator[int]:
        order = self.tables.order
        for device in range(self.tables.devices):
            if device in used or self._twin_left(device, used):
                continue
            if order is not None and used and order[device] < order[used[-1]]:
                continue
            yield device

    def _twin_left(self, device: int, used: list[int]) -> bool:
        """Whether an exchangeable device that stands before this one is not in use."""
        return any(twin not in used for twin in self.twins[device])

    @cached_property
    def twins(self) -> list[list[int]]:
        """[D] the devices before each one that can be exchanged with it."""
        return [
            [b for b in range(a) if self.tables.order is None and _exchangeable(self.tables, a, b)]
            for a in range(self.tables.devices)
        ]

    def _wire(self, stages: Columns, device: int) -> tuple[int, int] | None:
        """The m and W - m of the link to the next device, ns; None without a link."""
        if not stages:
            return 0, 0
        key = stages[-1][0], device, stages[-1][2]
        if key not in self._wires:
            sent = self.tables.send(*key)
            self._wires[key] = None if sent is None else least_and_spread(self.tables, sent)
        return self._wires[key]

    def _child(
        self, node: Node, stage: tuple[int, int, int], wire: tuple[int, int], left: int
    ) -> Node | None:
        device, start, stop = stage
        kind = self.tables.kind[device]
        least, spread, passes = (
            int(rows[kind, stop] - rows[kind, start])
            for rows in (self._floor.least, self._floor.spread, self._floor.passes)
        )
        stages = (*node.stages, stage)
        # Without overlap the sender's machine has its link's time too; its own is in the node.
        peak = max(node.peak, spread, wire[1])
        latency, period = node.latency + passes, max(node.period, passes)
        head = node.head + least + wire[0]
        if stop == self.tables.layers:
            times = self.tables.pass_times(stages)
            if times is None or (self.tables.problem.use_all_devices and left > 0):
                return None
            latency, period = times
        elif left == 0:
            return None
        bound = self._bound(stop, left, (head, peak, latency, period))
        return Node(bound, -len(stages), stages, head, peak, latency, period)

    def _bound(self, stop: int, left: int, known: tuple[int, int, int, int]) -> int:
        head, peak, latency, period = known
        least, spread, passes = (int(rows[stop]) for rows in self._rest)
        shared = max(1, left)
        peak = max(peak, -(-spread // shared))
        period = max(period, -(-passes // shared))
        return head + least + peak + self.tables.decoding_ns(latency + passes, period)


def _floor(tables: Tables) -> _Floor:
    """Layers that are equal for a type are computed once."""
    kinds, layers = tables.passes.shape[0], tables.layers
    least = np.zeros((kinds, layers + 1), dtype=np.int64)
    spread = np.zeros((kinds, layers + 1), dtype=np.int64)
    for kind in range(kinds):
        known: dict[bytes, tuple[int, int]] = {}
        for layer in range(layers):
            cost = tables.prefix[kind, layer + 1] - tables.prefix[kind, layer]
            key = cost.tobytes()
            if key not in known:
                known[key] = least_and_spread(tables, cost)
            least[kind, layer + 1] = least[kind, layer] + known[key][0]
            spread[kind, layer + 1] = spread[kind, layer] + known[key][1]
    return _Floor(least, spread, tables.passes)


def _exchangeable(tables: Tables, a: int, b: int) -> bool:
    """Whether exchanging two devices changes no cost and no rule."""
    if tables.kind[a] != tables.kind[b] or tables.memory[a] != tables.memory[b]:
        return False
    graph, names = tables.problem.device_graph, tables.names
    one, two = names[a], names[b]
    if _speed(graph.rate(one, two)) != _speed(graph.rate(two, one)):
        return False
    others = [name for name in names if name not in (one, two)]
    return all(
        _speed(graph.rate(one, other)) == _speed(graph.rate(two, other))
        and _speed(graph.rate(other, one)) == _speed(graph.rate(other, two))
        for other in others
    )


def _speed(rate: LinkRate | None) -> tuple[int, int] | None:
    return None if rate is None else (rate.latency_ns, rate.bandwidth_bit_per_s)


class Queue:
    """Nodes, the least bound first."""

    def __init__(self) -> None:
        # By bound, depth and stages, which no two nodes have in common.
        self._heap: list[tuple[int, int, Columns, Node]] = []

    def push(self, node: Node) -> None:
        """One more."""
        heappush(self._heap, (node.bound, node.depth, node.stages, node))

    def pop(self) -> Node | None:
        """The one with the least bound, None where there is none."""
        return heappop(self._heap)[-1] if self._heap else None
