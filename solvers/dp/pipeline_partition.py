"""Exact dynamic program over sets of devices, for all three objectives.

State (used, u, i): layers i..L-1 run on exactly the multiset `used` of device types, the first of
these stages on type u. Its value is the least cost of that suffix:

    V[used + w, w, j] = min over u, i > j of  V[used, u, i] + send(w, u, cut i) + time(w, j..i-1)

for the latency, and the same with the maximum in place of + for the throughput; where sending and
computing do not overlap, send + time is one term of that maximum. Stages are added from the end
of the chain, so that the sender of a transfer is the stage being added and a return hop is known
at the start. Objectives with both a sum and a maximum (the makespan of M units; migration beside
throughput) come from sums under a threshold on the period (`_least`).

Two reductions keep the table small and exact (solvers/tables/pipeline_space.py):
- interchangeable devices are one type with a count (PipeEdge, Hu et al. 2022): Π(count + 1)
  multisets instead of 2^D;
- types that every sender reaches at equal cost share one receiving *port*: on a plain switch u
  drops out of the state. Cuts stay apart, so unequal cut sizes are exact.

With a given order the multiset is not needed: each device comes before the one added last, and
the same recurrence runs over (u, i) alone.

Cost O(Π(c_t + 1) · W · L · (window + ports)) time for W types, window = layers that fit on one
device; memory O(Π(c_t + 1) · ports · L).
"""

from dataclasses import dataclass

import numpy as np

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.tables.pipeline_partition import Columns, Ints, Tables, build
from solvers.tables.pipeline_space import Space, build_space


# One 8-byte value, and as much again for what is being built beside it.
_BYTES_PER_STATE = 16
# Suffixes extended at a time: the working set of one block stays in a core's cache.
_BLOCK = 4096


class OutOfTimeError(Exception):
    """The stopwatch ran out between two layers of the table."""


@dataclass(frozen=True, eq=False)
class _Suffixes:
    """All suffixes of a number of stages: codes [n], value [ports, L + 1, n]."""

    codes: Ints
    value: Ints


class _Program:
    """The recurrence for one way of adding costs, under a threshold on every load."""

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
        self.combine = np.maximum if longest else np.add
        self.apart = space.tables.overlap or (not longest and threshold >= UNREACHABLE)
        self.threshold = min(threshold, UNREACHABLE - 1)
        self.weight = 1 if longest else space.tables.latency_weight
        self.cost = space.time if longest else space.cost
        self.send = np.where(space.send > self.threshold, UNREACHABLE, self.weight * space.send)
        self.layers: list[_Suffixes] = []

    def solve(self) -> tuple[int, Columns] | None:
        """The least value and its stages, or None where no plan keeps to the threshold."""
        best, where = UNREACHABLE, (0, 0, 0)
        layer = self._last_stages()
        while layer.codes.size:
            self.layers.append(layer)
            value = self._complete(layer)
            port, column = np.unravel_index(value.argmin(), value.shape)
            if value[port, column] < best:
                best = int(value[port, column])
                where = (len(self.layers) - 1, int(port), int(column))
            if len(self.layers) == self.space.tables.devices:
                break
            layer = self._extend(layer)
        return None if best >= UNREACHABLE else (best, self._trace(best, *where))

    def _complete(self, layer: _Suffixes) -> Ints:
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

    def _last_stages(self) -> _Suffixes:
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
        return _Suffixes(codes, value)

    def _nothing(self, width: int) -> Ints:
        shape = (self.space.send.shape[1], self.space.tables.layers + 1, width)
        return np.full(shape, UNREACHABLE, dtype=np.int64)

    def _extend(self, layer: _Suffixes) -> _Suffixes:
        """All suffixes with one stage more."""
        space = self.space
        free = [space.digit(layer.codes, w) < space.count[w] for w in range(len(space.types))]
        grown = [layer.codes[mask] + space.stride[w] for w, mask in enumerate(free)]
        codes = np.unique(np.concatenate(grown))
        value = self._nothing(codes.size)
        for kind, mask in enumerate(free):
            if self.watch.expired():
                raise OutOfTimeError
            if not mask.any():
                continue
            columns = np.searchsorted(codes, grown[kind])
            chosen = np.flatnonzero(mask)
            for part in range(0, chosen.size, _BLOCK):
                block = slice(part, part + _BLOCK)
                added = self._add_stage(layer.value[:, :, chosen[block]], kind)
                into = value[space.port[kind]]
                into[:, columns[block]] = np.minimum(into[:, columns[block]], added)
        alive = (value < UNREACHABLE).any(axis=(0, 1))
        return _Suffixes(codes[alive], value[:, :, alive])

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


class DynamicProgram:
    """The exact method of first choice for pipelines."""

    name = "dp"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        space = build_space(tables)
        stats = {"types": len(space.types), "states": space.states}
        if space.states * _BYTES_PER_STATE > limits.memory_limit_bytes:
            detail = f"{space.states:,} states are too many for the memory limit"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail, stats=stats)
        try:
            found = _least(space, watch)
        except OutOfTimeError:
            reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
            return Claim(self.name, reason, stats=stats)
        if found is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        value, stages = found
        return Claim(self.name, Reason.COMPLETED, tables.plan(stages), value, stats=stats)


def _least(space: Space, watch: Stopwatch) -> tuple[int, Columns] | None:
    """Min latency_weight x latency + moves + period_weight x period, and its stages.

    Where only one of the two parts counts, one run of the recurrence answers. Else: let f be the
    least additive part with period at most T and p the period of its plan. Every plan with period
    in [p, T] has an additive part of at least f, so none beats this one; what remains has period
    below p and additive part at least f, and beats the best known plan only with a period of at
    most (best - 1 - f) / period_weight. The least period of all ends the search.
    """
    tables, weight = space.tables, space.tables.period_weight
    if tables.latency_weight == 0 and not tables.move.any():
        return _Program(space, watch, longest=True).solve()
    found = _Program(space, watch).solve()
    if found is None or weight == 0:
        return found
    shortest = _known(_Program(space, watch, longest=True).solve())
    at_shortest = _known(_Program(space, watch, threshold=shortest[0]).solve())
    best = min(_priced(tables, found), _priced(tables, at_shortest))
    while True:
        period = tables.times(found[1])[1]
        threshold = min(period - 1, (best[0] - 1 - found[0]) // weight)
        if threshold < shortest[0]:
            return best
        found = _known(_Program(space, watch, threshold=threshold).solve())
        best = min(best, _priced(tables, found))


def _priced(tables: Tables, found: tuple[int, Columns]) -> tuple[int, Columns]:
    """The stages with the whole objective in place of its additive part."""
    value = tables.evaluate(found[1])
    if value is None:
        raise AssertionError("the table holds a plan that breaks a rule")
    return value, found[1]


def _known(found: tuple[int, Columns] | None) -> tuple[int, Columns]:
    """A plan that exists because one with a tighter threshold does."""
    if found is None:
        raise AssertionError("no plan at a threshold that is not below the least period")
    return found
