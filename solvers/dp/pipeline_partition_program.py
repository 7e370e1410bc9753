"""The recurrence of the pipeline dynamic program; solvers/dp/pipeline_partition.py states it.

Ranges. A value of the table is a real cost below 2^59 (solvers/tables/pipeline_partition.py) or
cut off at UNREACHABLE = 2^61; a stage costs one of these, or where it also sends up to two of them
before the cut-off; a promise adds a cover and takes off prices, each at most 2^61. No sum leaves
±2^62.6.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.base import UNREACHABLE, Stopwatch
from solvers.tables.pipeline_partition import Columns, Ints
from solvers.tables.pipeline_partition_relaxation import Prices, Relaxation
from solvers.tables.pipeline_partition_space import Space

# Suffixes extended at a time: the working set of one block stays in a core's cache.
_BLOCK = 4096


class OutOfTimeError(Exception):
    """The stopwatch ran out between two blocks of the table."""


@dataclass(frozen=True, eq=False)
class Suffixes:
    """All suffixes of a number of stages: codes [n], value [ports, L + 1, n]."""

    codes: Ints
    value: Ints


class Program:
    """The recurrence for one way of adding costs, under a threshold on every load.

    longest: costs are added by the maximum, not the sum; threshold: the largest load allowed, ns;
    kept: multisets that its tables have held so far.
    """

    def __init__(
        self,
        space: Space,
        watch: Stopwatch,
        *,
        longest: bool = False,
        threshold: int = UNREACHABLE,
    ) -> None:
        self.space = space
        self.watch = watch
        self.longest = longest
        self.combine = np.maximum if longest else np.add
        self.apart = space.tables.overlap or (not longest and threshold >= UNREACHABLE)
        self.threshold = min(threshold, UNREACHABLE - 1)
        self.weight = 1 if longest else space.tables.latency_weight
        self.cost = space.time if longest else space.cost
        self.send = np.where(space.send > self.threshold, UNREACHABLE, self.weight * space.send)
        self.layers: list[Suffixes] = []
        self.kept = 0

    def solve(
        self,
        guide: Prices | None = None,
        ceiling: int = UNREACHABLE,
        beam: int | None = None,
        found: Callable[[Columns], None] | None = None,
    ) -> tuple[int, Columns] | None:
        """The least value below the ceiling and its stages, or None where there is none.

        guide: leave out suffixes that cannot be completed for less than the ceiling (for the
        maximum: at all); beam: keep only so many of the most promising multisets of each size, so
        that a plan is found soon and None proves nothing; found: told of each better plan, after
        every layer of the table. Raises OutOfTimeError.
        """
        best = ceiling = min(ceiling, UNREACHABLE)
        where: tuple[int, int, int] | None = None
        self.layers = []
        layer = self._pruned(self._last_stages(), guide, ceiling, beam)
        while layer.codes.size:
            self.layers.append(layer)
            self.kept += layer.codes.size
            value = self._complete(layer)
            port, column = np.unravel_index(value.argmin(), value.shape)
            if value[port, column] < best:
                best = int(value[port, column])
                where = (len(self.layers) - 1, int(port), int(column))
                if found is not None:
                    found(self._trace(best, *where))
            if len(self.layers) == self.space.tables.devices:
                break
            layer = self._pruned(self._extend(layer), guide, ceiling, beam)
        return None if where is None else (best, self._trace(best, *where))

    def relaxation(self) -> Relaxation:
        """The relaxation of the counts with this program's costs (0 for the maximum)."""
        space = self.space
        ports = space.send.shape[1]
        shape = (len(space.types), ports + 1, space.tables.layers, space.tables.layers + 1)
        cost = np.full(shape, UNREACHABLE, dtype=np.int64)
        for kind in range(len(space.types)):
            for port in np.flatnonzero(space.follow[kind]):
                cost[kind, port] = self._whole_cost(kind, space.send[kind, port])
            if space.last[kind]:
                home = np.full(shape[3], space.home(kind), dtype=np.int64)
                cost[kind, -1] = self._whole_cost(kind, home)
        return Relaxation(cost, space.port, space.count)

    def _whole_cost(self, kind: int, send: Ints) -> Ints:
        """[L, L + 1] cost of a stage and its sending; 0 for the maximum where allowed."""
        cost = self._cost(kind, send)
        if self.apart:
            sent = np.where(send > self.threshold, UNREACHABLE, self.weight * send)
            cost = np.minimum(cost + sent, UNREACHABLE)
        return np.where(cost < UNREACHABLE, 0, UNREACHABLE) if self.longest else cost

    def _pruned(
        self, layer: Suffixes, guide: Prices | None, ceiling: int, beam: int | None
    ) -> Suffixes:
        """The suffixes that may still lead to a plan below the ceiling."""
        value = layer.value
        if guide is None and ceiling < UNREACHABLE:
            value = np.where(value >= ceiling, UNREACHABLE, value)
        if guide is not None:
            left = np.full(layer.codes.size, int(guide.price @ self.space.count))
            for kind, price in enumerate(guide.price):
                left -= price * self.space.digit(layer.codes, kind)
            needed = guide.cover[:-1, :, None] - left
            promise = needed if self.longest else value + needed
            value = np.where(promise >= (1 if self.longest else ceiling), UNREACHABLE, value)
            if beam is not None and layer.codes.size > beam:
                promise = np.where(value < UNREACHABLE, promise, UNREACHABLE)
                chosen = np.sort(promise.min(axis=(0, 1)).argsort(kind="stable")[:beam])
                layer, value = Suffixes(layer.codes[chosen], value), value[:, :, chosen]
        alive = (value < UNREACHABLE).any(axis=(0, 1))
        return Suffixes(layer.codes[alive], value[:, :, alive])

    def _complete(self, layer: Suffixes) -> Ints:
        """[ports, n] values of the suffixes that are whole plans."""
        value = layer.value[:, 0, :]
        if not self.space.tables.use_all or self.space.full == 0:
            return value
        return np.where(layer.codes == self.space.full, value, UNREACHABLE)

    def _cost(self, kind: int, send: Ints) -> Ints:
        """[L, L + 1] cost of a stage [j, i) that also pays for `send` [L + 1] at i."""
        loads, costs = self.space.time[kind], self.cost[kind]
        if not self.apart:
            loads, costs = loads + send, costs + self.weight * send
        return np.where(loads > self.threshold, UNREACHABLE, costs)

    def _last_stages(self) -> Suffixes:
        space = self.space
        kinds = np.flatnonzero(space.last).tolist()
        codes = np.unique(space.stride[kinds])
        value = self._nothing(codes.size)
        for kind in kinds:
            home = np.int64(space.home(kind))
            if home > self.threshold:
                continue
            cost = self._cost(kind, np.full(space.tables.layers + 1, home))[:, -1]
            if self.apart:
                cost = self.combine(cost, self.weight * home)
            column = np.searchsorted(codes, space.stride[kind])
            target = value[space.port[kind], :-1, column]
            np.minimum(target, cost, out=target)
        return Suffixes(codes, value)

    def _nothing(self, width: int) -> Ints:
        shape = (self.space.send.shape[1], self.space.tables.layers + 1, width)
        return np.full(shape, UNREACHABLE, dtype=np.int64)

    def _extend(self, layer: Suffixes) -> Suffixes:
        """All suffixes with one stage more."""
        space = self.space
        free = [space.digit(layer.codes, w) < space.count[w] for w in range(len(space.types))]
        grown = [layer.codes[mask] + space.stride[w] for w, mask in enumerate(free)]
        codes = np.unique(np.concatenate(grown))
        value = self._nothing(codes.size)
        for kind, mask in enumerate(free):
            if not mask.any():
                continue
            columns = np.searchsorted(codes, grown[kind])
            chosen = np.flatnonzero(mask)
            for part in range(0, chosen.size, _BLOCK):
                if self.watch.expired():
                    raise OutOfTimeError
                block = slice(part, part + _BLOCK)
                added = self._add_stage(layer.value[:, :, chosen[block]], kind)
                into = value[space.port[kind]]
                into[:, columns[block]] = np.minimum(into[:, columns[block]], added)
        return Suffixes(codes, value)

    def _add_stage(self, value: Ints, kind: int) -> Ints:
        """[L + 1, n] least values after a stage on a type is put before [ports, L + 1, n]."""
        best = np.full(value.shape[1:], UNREACHABLE, dtype=np.int64)
        for tail, cost in self._options(value, kind):
            for start in range(self.space.tables.layers):
                stops = np.flatnonzero(cost[start] < UNREACHABLE)
                if stops.size == 0:
                    continue
                window = slice(stops[0], stops[-1] + 1)
                reached = self.combine(tail[window], cost[start, window, None]).min(axis=0)
                np.minimum(best[start], reached, out=best[start])
        return best

    def _options(self, value: Ints, kind: int) -> list[tuple[Ints, Ints]]:
        """Pairs (values [L + 1, n] at the cut, stage costs [L, L + 1]) to be combined."""
        ports = np.flatnonzero(self.space.follow[kind])
        if ports.size == 0:
            return []
        if not self.apart:
            return [(value[p], self._cost(kind, self.space.send[kind, p])) for p in ports]
        tail = np.full(value.shape[1:], UNREACHABLE, dtype=np.int64)
        for p in ports:
            np.minimum(tail, self.combine(value[p], self.send[kind, p][:, None]), out=tail)
        return [(tail, self._cost(kind, self.space.send[kind, 0]))]

    def _trace(self, value: int, depth: int, port: int, column: int) -> Columns:
        """The stages behind a whole plan, found by looking for the terms of each minimum."""
        stages = []
        start = 0
        code = int(self.layers[depth].codes[column])
        used = [0] * len(self.space.types)
        while depth > 0:
            kind, stop, port, before = self._predecessor(value, depth, port, code, start)
            device = self.space.types[kind][used[kind]]
            used[kind] += 1
            stages.append((device, start, stop))
            depth, code, start = depth - 1, code - int(self.space.stride[kind]), stop
            value = before
        kind = self._last_kind(value, port, code, start)
        stages.append((self.space.types[kind][used[kind]], start, self.space.tables.layers))
        return tuple(stages)

    def _predecessor(
        self, value: int, depth: int, port: int, code: int, start: int
    ) -> tuple[int, int, int, int]:
        """(type of the stage, its stop, port and value of the suffix behind it)."""
        previous = self.layers[depth - 1]
        for kind in np.flatnonzero(self.space.port == port).tolist():
            column = np.searchsorted(previous.codes, code - self.space.stride[kind])
            if column == previous.codes.size or (
                previous.codes[column] != code - self.space.stride[kind]
            ):
                continue
            tails = previous.value[:, :, column]
            if (
                self.space.digit(previous.codes[column : column + 1], kind)[0]
                >= (self.space.count[kind])
            ):
                continue
            for behind in np.flatnonzero(self.space.follow[kind]):
                cost = self._cost(kind, self.space.send[kind, behind])[start]
                tail = tails[behind]
                if self.apart:
                    tail = self.combine(tail, self.send[kind, behind])
                hits = np.flatnonzero(self.combine(tail, cost) == value)
                if hits.size and value < UNREACHABLE:
                    stop = int(hits[0])
                    return int(kind), stop, int(behind), int(tails[behind, stop])
        raise AssertionError("a value of the table has no predecessor")

    def _last_kind(self, value: int, port: int, code: int, start: int) -> int:
        for kind in np.flatnonzero(self.space.last & (self.space.port == port)).tolist():
            home = np.int64(self.space.home(kind))
            if self.space.stride[kind] != code or home > self.threshold:
                continue
            cost = self._cost(kind, np.full(self.space.tables.layers + 1, home))[start, -1]
            if (self.combine(cost, self.weight * home) if self.apart else cost) == value:
                return int(kind)
        raise AssertionError("a value of the table has no last stage")
