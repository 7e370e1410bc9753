"""EdgeShard's two dynamic programs (Zhang et al., 2024, §IV, Algorithms 1 and 2).

Latency. DP(i, j), the least time until layer i is done on device j, comes from the best device k
of layer i - 1:

    DP(i, j) = min over k of  DP(i-1, k) + send(k, j, cut i) + time(j, i)

Each cell keeps one label: the path behind its minimum, and with it the memory that path has used.
A cheaper path that runs out of memory later hides a dearer one that would not: this makes it a
heuristic. Published paths may come back to a device; here a device that the path has left is
closed, because a plan names each device once. O(L D²).

Throughput. g(m, S, k), the least bottleneck of the first m layers on exactly the devices S, the
last of them k:

    g(m, S + k', k') = min over i < m, k in S of
                           max{ g(i, S, k), send(k, k', cut i), time(k', i..m-1) }

O(L² 2^D D²): exact where sending and computing overlap, and only for few devices. Above that
(`subset_size`) it runs on the source and the fastest devices, and if these do not hold the model,
on those with most room.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from solvers.base import UNREACHABLE
from solvers.tables.pipeline_partition import Columns, Ints, Tables

# About a second of work, and a table of 60 MB at most.
_MAX_OPERATIONS = 2**28
_MAX_DEVICES = 14


def least_latency(tables: Tables) -> Columns | None:
    """The stages at the end of Algorithm 1, return hop added; None where every path is stuck."""
    everyone = np.arange(tables.devices)
    allowed = tables.fits[:, 0] > 0
    if tables.source is not None:
        allowed &= everyone == tables.source
    cost = np.where(allowed, tables.time[:, 0], UNREACHABLE)
    start = np.zeros(tables.devices, dtype=np.int64)
    closed = np.eye(tables.devices, dtype=bool)
    parents = [everyone]
    for layer in range(1, tables.layers):
        arrive = cost[:, None] + tables.link[:, :, tables.size_class[layer]]
        arrive[closed | _backwards(tables)] = UNREACHABLE
        arrive[:, tables.fits[:, layer] <= layer] = UNREACHABLE
        room = tables.fits[everyone, start] > layer
        arrive[everyone, everyone] = np.where(room, cost, UNREACHABLE)
        parent = arrive.argmin(axis=0)
        parents.append(parent)
        start = np.where(parent == everyone, start, layer)
        closed = closed[parent] | np.eye(tables.devices, dtype=bool)
        cost = np.minimum(arrive[parent, everyone] + tables.time[:, layer], UNREACHABLE)
    total = cost + tables.home
    last = int(total.argmin())
    return None if total[last] >= UNREACHABLE else _stages(parents, last)


def _backwards(tables: Tables) -> npt.NDArray[np.bool_]:
    """[D, D] whether a given order forbids the step from one device to another."""
    order = np.zeros(tables.devices, dtype=np.int64) if tables.order is None else tables.order
    backwards: npt.NDArray[np.bool_] = order[:, None] > order[None, :]
    return backwards


def _stages(parents: list[Ints], device: int) -> Columns:
    """Stages of the path that ends on a device, from each layer's predecessor."""
    stages = []
    stop = len(parents)
    for layer in range(len(parents) - 1, -1, -1):
        before = int(parents[layer][device])
        if layer == 0 or before != device:
            stages.append((device, layer, stop))
            stop, device = layer, before
    return tuple(stages[::-1])


def subset_size(tables: Tables) -> int:
    """How many devices Algorithm 2 takes in: all, or as many as the limits on its work allow."""
    size = min(tables.devices, _MAX_DEVICES)
    while size > 1 and 2**size * size * (tables.layers + 1) ** 2 > _MAX_OPERATIONS:
        size -= 1
    return size


def least_period(tables: Tables) -> Columns | None:
    """The stages at the end of Algorithm 2, return hop included; None where there are none."""
    size = subset_size(tables)
    fastest = np.argsort(tables.prefix[:, -1], kind="stable")
    roomiest = np.argsort(-tables.fits[:, 0], kind="stable")
    found = _Subsets(tables, _with_source(tables, fastest, size)).solve()
    if found is None and size < tables.devices:
        found = _Subsets(tables, _with_source(tables, roomiest, size)).solve()
    return found


def _with_source(tables: Tables, ranked: Ints, size: int) -> list[int]:
    chosen = sorted(ranked.tolist(), key=lambda device: device != tables.source)
    return sorted(chosen[:size])


class _Subsets:
    """The table g [M, 2^M, L + 1] of Algorithm 2; bit p of a set stands for members[p]."""

    def __init__(self, tables: Tables, members: Sequence[int]) -> None:
        self.tables = tables
        self.members = members
        sets = 2 ** len(members)
        self.sizes = np.bitwise_count(np.arange(sets))
        self.value = np.full((len(members), sets, tables.layers + 1), UNREACHABLE, dtype=np.int64)

    def solve(self) -> Columns | None:
        self._first_stages()
        for size in range(1, len(self.members)):
            codes = np.flatnonzero(self.sizes == size)
            for place in range(len(self.members)):
                self._add_stage(codes[codes >> place & 1 == 0], place)
        home = self.tables.home[list(self.members)]
        total = np.maximum(self.value[:, :, -1], home[:, None])
        if self.tables.use_all:
            total[:, :-1] = UNREACHABLE
        if total.min() >= UNREACHABLE:
            return None
        best = np.unravel_index(total.argmin(), total.shape)
        return self._trace(int(best[0]), int(best[1]))

    def _first_stages(self) -> None:
        for place, device in enumerate(self.members):
            if self.tables.source in (None, device):
                stop = int(self.tables.fits[device, 0]) + 1
                self.value[place, 1 << place, 1:stop] = self.tables.prefix[device, 1:stop]

    def _send(self, before: int, place: int) -> Ints:
        """[L + 1] time from one member to another at each cut."""
        source, target = self.members[before], self.members[place]
        order = self.tables.order
        if order is not None and order[source] > order[target]:
            return np.full(self.tables.layers + 1, UNREACHABLE, dtype=np.int64)
        times: Ints = self.tables.link[source, target, self.tables.size_class]
        return times

    def _add_stage(self, codes: Ints, place: int) -> None:
        """All sets of one size, with one more stage on the member at `place`."""
        device = self.members[place]
        reach = np.full((codes.size, self.tables.layers + 1), UNREACHABLE, dtype=np.int64)
        for before in range(len(self.members)):
            if before != place:
                arrived = np.maximum(self.value[before, codes], self._send(before, place))
                np.minimum(reach, arrived, out=reach)
        alive = reach.min(axis=1) < UNREACHABLE
        codes, reach = codes[alive], reach[alive]
        best = np.full_like(reach, UNREACHABLE)
        for start in range(1, self.tables.layers):
            window = slice(start + 1, int(self.tables.fits[device, start]) + 1)
            work = self.tables.prefix[device, window] - self.tables.prefix[device, start]
            loads = np.maximum(reach[:, start, None], work)
            np.minimum(best[:, window], loads, out=best[:, window])
        self.value[place, codes | 1 << place] = best

    def _trace(self, place: int, code: int) -> Columns:
        """The stages behind a cell, found by looking for the terms of each minimum."""
        stages = []
        stop = self.tables.layers
        while code != 1 << place:
            start, before = self._predecessor(place, code, stop)
            stages.append((self.members[place], start, stop))
            place, code, stop = before, code ^ 1 << place, start
        stages.append((self.members[place], 0, stop))
        return tuple(stages[::-1])

    def _predecessor(self, place: int, code: int, stop: int) -> tuple[int, int]:
        device = self.members[place]
        prefix = self.tables.prefix[device]
        work = np.where(self.tables.fits[device] >= stop, prefix[stop] - prefix[:-1], UNREACHABLE)
        for before in range(len(self.members)):
            reach = np.maximum(self.value[before, code ^ 1 << place], self._send(before, place))
            hits = np.flatnonzero(
                np.maximum(reach[1:stop], work[1:stop]) == self.value[place, code, stop]
            )
            if before != place and hits.size:
                return int(hits[0]) + 1, before
        raise AssertionError("a value of the table has no predecessor")
