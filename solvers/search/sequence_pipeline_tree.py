"""Divisions of the prompt as a tree, gone through for thousands of layer plans side by side.

A node is a layer plan and the chunks that have left so far; a block of nodes is taken one chunk
further at once by the recursion C(u, m) = max(C(u - 1, m), C(u, m - 1)) + t(u, m) over machines m.
From a node the prompt ends with one chunk more, whose time is exact, or goes on with two or more,
which take at least

    max_m  A_m + (all that is left, on m) + Σ_{m' > m} (the shortest last chunk, on m')

where A_m is the earliest time at which the next chunk can be on m: when m is done with the one
before, or A_{m - 1} and the shortest next chunk's time on m - 1, whichever is later. C is not
needed beside A: whatever chunk comes next, it starts on m at the same time by either. Of two nodes
of a layer plan whose chunks end at the same token, the one that is nowhere earlier is left out.
"""

from dataclasses import dataclass

import numpy as np

from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from solvers.base import UNREACHABLE, Stopwatch
from solvers.search.sequence_pipeline_costs import Costs, Ints
from solvers.search.sequence_pipeline_horizon import Horizon, pieces
from solvers.search.sequence_pipeline_layers import Beginnings, decoding

# Nodes that are taken further at once, times the positions to which they may go.
_BLOCK = 50_000
# Nodes that each one is held against.
_WINDOW = 8


@dataclass(frozen=True, eq=False)
class _Nodes:
    """N nodes.

    row: [n] of the layer plan; path: [n, chunks + 1] positions; ready: [n, M] A; bound: [n].
    """

    row: Ints
    path: Ints
    ready: Ints
    bound: Ints

    def taken(self, index: Ints | slice) -> "_Nodes":
        """Some of them."""
        return _Nodes(self.row[index], self.path[index], self.ready[index], self.bound[index])


class Tree:
    """R layer plans as machines of a flow shop: stages and ways in turn, or both in one."""

    def __init__(self, costs: Costs, plans: Beginnings) -> None:
        self.costs, self.plans = costs, plans
        stages = plans.stop.shape[1]
        self._kind = costs.kind[plans.device]
        start = np.column_stack([0 * plans.room, plans.stop[:, :-1]])
        self._start, self._stop = start, plans.stop
        self._way = np.zeros_like(plans.stop)
        if stages > 1:
            cut = plans.stop[:, :-1]
            self._way[:, :-1] = costs.way[plans.device[:, :-1], plans.device[:, 1:], cut]
        self.decoding = self._decoding()
        every = np.arange(len(plans.room))
        last = self._times(costs.work, costs.wire, every, np.full(len(every), costs.final))
        self._tail = last[:, ::-1].cumsum(axis=1)[:, ::-1] - last
        self.looked_at = 0

    def _decoding(self) -> Ints:
        """[R] all passes of all points; UNREACHABLE without a way back."""
        costs, device = self.costs, self.plans.device
        once = costs.passes[self._kind, self._stop] - costs.passes[self._kind, self._start]
        sent = costs.pass_wire[self._way]
        sent[:, -1] = costs.back[device[:, -1], device[:, 0]]
        loads = np.maximum(once, sent) if costs.problem.overlap else once + sent
        linked = sent[:, -1] < UNREACHABLE
        sent, loads = (np.where(linked[:, None], part, 0) for part in (sent, loads))
        total = decoding(costs, (once + sent).sum(axis=1), loads.max(axis=1))
        return np.where(linked, total, UNREACHABLE)

    def _times(self, work: Ints, wire: Ints, row: Ints, number: Ints) -> Ints:
        """[n, M] of machines: of arcs, or of what is left from positions on."""
        number, kind = number[:, None], self._kind[row]
        held = work[number, kind, self._stop[row]] - work[number, kind, self._start[row]]
        sent = wire[number, self._way[row]]
        if not self.costs.problem.overlap:
            return np.asarray(held + sent)
        both = np.stack([held, sent], axis=2)
        return both.reshape(len(row), 2 * held.shape[1])[:, :-1]

    def search(self, horizon: Horizon, watch: Stopwatch) -> None:
        """All divisions within the horizon; part of them where the watch expires."""
        most = max(1, _BLOCK // len(self.costs.position))
        stack = [self._roots(horizon)]
        while stack and not watch.expired():
            nodes = stack.pop()
            nodes = nodes.taken(np.flatnonzero(horizon.within(nodes.bound)))
            self.looked_at += len(nodes.row)
            nodes = self._further(nodes, horizon)
            nodes = nodes.taken(_undominated(nodes))
            nodes = nodes.taken(np.argsort(nodes.bound, kind="stable"))
            stack += [nodes.taken(piece) for piece in pieces(len(nodes.row), most)][::-1]

    def _roots(self, horizon: Horizon) -> _Nodes:
        every = np.flatnonzero(self.decoding < UNREACHABLE)
        at = np.zeros((len(every), 1), dtype=np.int64)
        machines = self._tail.shape[1]
        return self._bounded(every, at, np.zeros((len(every), machines), dtype=np.int64), horizon)

    def _further(self, nodes: _Nodes, horizon: Horizon) -> _Nodes:
        """The nodes with one chunk more that does not end the prompt."""
        arcs = self.costs.arc[nodes.path[:, -1], :-1]
        room = self.plans.room[nodes.row]
        here, to = np.nonzero((arcs >= 0) & (self.costs.tokens[arcs] <= room[:, None]))
        row, arc = nodes.row[here], arcs[here, to]
        times = self._times(self.costs.work, self.costs.wire, row, arc)
        path = np.column_stack([nodes.path[here], to])
        return self._bounded(row, path, _advanced(nodes.ready[here], times), horizon)

    def _bounded(self, row: Ints, path: Ints, done: Ints, horizon: Horizon) -> _Nodes:
        """The nodes from which two chunks or more may lead to less; one chunk is tried at once."""
        costs, at = self.costs, path[:, -1]
        self._end(row, path, done, horizon)
        ahead = costs.following[at]
        on = np.flatnonzero(ahead >= 0)
        row, path, done, at, ahead = row[on], path[on], done[on], at[on], ahead[on]
        next_ = self._times(costs.work, costs.wire, row, ahead)
        ready = _advanced(done, next_) - next_
        rest = self._times(costs.rest_work, costs.rest_wire, row, at)
        bound = (ready + rest + self._tail[row]).max(axis=1) + self.decoding[row]
        nodes = _Nodes(row, path, ready, bound)
        return nodes.taken(np.flatnonzero(horizon.within(bound)))

    def _end(self, row: Ints, path: Ints, done: Ints, horizon: Horizon) -> None:
        """Try all that is left as one chunk."""
        costs = self.costs
        arc = costs.arc[path[:, -1], -1]
        fits = np.flatnonzero((arc >= 0) & (costs.tokens[arc] <= self.plans.room[row]))
        if not len(fits):
            return
        row, arc = row[fits], arc[fits]
        times = self._times(costs.work, costs.wire, row, arc)
        value = _advanced(done[fits], times)[:, -1] + self.decoding[row]
        best = int(value.argmin())
        if value[best] < horizon.value:
            positions = costs.position[[*path[fits[best]], -1]]
            horizon.found(int(value[best]), self._plan(int(row[best]), np.diff(positions)))

    def _plan(self, row: int, chunks: Ints) -> Plan:
        devices = self.costs.problem.devices
        columns = zip(self.plans.device[row], self._start[row], self._stop[row], strict=True)
        return Plan(
            stages=tuple(
                Stage(device=devices[device].name, start=int(start), stop=int(stop))
                for device, start, stop in columns
            ),
            chunks=tuple(chunks.tolist()),
        )


def _advanced(done: Ints, times: Ints) -> Ints:
    """[n, M] when the machines are done with one chunk more."""
    after = np.empty_like(done)
    at = np.zeros(len(done), dtype=np.int64)
    for machine in range(done.shape[1]):
        at = np.maximum(at, done[:, machine]) + times[:, machine]
        after[:, machine] = at
    return after


def _undominated(nodes: _Nodes) -> Ints:
    """Indices of all nodes but those that are nowhere earlier than another one, at equal ends.

    Each is held against the `_WINDOW` before it, by their times in sum: most of what can be left
    out is, at the price of a sort.
    """
    order = np.lexsort((nodes.ready.sum(axis=1), nodes.path[:, -1], nodes.row))
    row, end, ready = nodes.row[order], nodes.path[order, -1], nodes.ready[order]
    kept = np.ones(len(order), dtype=np.bool_)
    for far in range(1, min(_WINDOW, len(order) - 1) + 1):
        equal = (row[far:] == row[:-far]) & (end[far:] == end[:-far])
        kept[far:] &= ~(equal & (ready[:-far] <= ready[far:]).all(axis=1))
    return np.asarray(order[kept])
