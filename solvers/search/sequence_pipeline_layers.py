"""Layer plans in bulk: stage after stage for many beginnings at once, as far as the horizon.

What any chunks take on a plan that begins so. Two or more chunks: the first one, at its shortest,
on all machines before one, all work on that one, the last one, at its shortest, behind it,

    Σ first + work + Σ last

over placed machines; and for one that is not placed yet, with m the lesser of first and last,

    Σ first (placed) + Σ_l min_d m + (Σ_l w_l) / (Σ_d speed_d)

where w_l is the least work above m over all devices, and speed_d = max_l w_l / (that of d), no more
than 1: what is left is shared by the devices that are left as if it could be cut anywhere. One
chunk: its time on all machines. Passes likewise. Devices that can be exchanged are used in their
order. Where devices do not overlap, a device and its link are bounded as two machines still.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solvers.base import UNREACHABLE, Stopwatch
from solvers.search.sequence_pipeline_costs import Bools, Costs, Ints
from solvers.search.sequence_pipeline_horizon import Horizon, pieces

# Beginnings that are taken further at once, cells of devices and ends together.
_CELLS = 2 * 10**5
# Speeds in parts of the fastest device's, rounded up.
_PARTS = 1024


@dataclass(frozen=True, eq=False)
class Beginnings:
    """N plans of the same number s of stages.

    device, stop: [n, s]; room: [n] the longest chunk, tokens; head: Σ first; peak: the bound of the
    placed machines; whole: Σ of the prompt as one chunk; latency, period: of a pass; work_left,
    pass_left: [n] Σ speed of the devices that are left, in parts.
    """

    device: Ints
    stop: Ints
    room: Ints
    head: Ints
    peak: Ints
    whole: Ints
    latency: Ints
    period: Ints
    work_left: Ints
    pass_left: Ints

    def taken(self, index: Ints | slice) -> "Beginnings":
        """Some of them."""
        return Beginnings(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


class Layers:
    """All layer plans of a problem whose bound is within a horizon."""

    def __init__(self, costs: Costs) -> None:
        self.costs = costs
        self.looked_at = 0
        self._several = int(costs.following[0]) >= 0
        first = int(costs.following[0]) if self._several else costs.final
        whole = int(costs.arc[0, -1])
        self._first, self._last = costs.work[first], costs.work[costs.final]
        self._work, self._whole = costs.rest_work[0], costs.work[whole]
        self._first_wire, self._last_wire = costs.wire[first], costs.wire[costs.final]
        self._work_wire, self._whole_wire = costs.rest_wire[0], costs.wire[whole]
        kinds = np.unique(costs.kind)
        least = np.minimum(np.diff(self._first), np.diff(self._last))
        more = np.maximum(0, np.diff(self._work) - least)
        once = np.diff(costs.passes)
        self._rest_least = _ahead(least[kinds].min(axis=0))
        self._rest_last = _ahead(np.diff(self._last)[kinds].min(axis=0))
        self._rest_whole = _ahead(np.diff(self._whole)[kinds].min(axis=0))
        self._rest_more = _ahead(more[kinds].min(axis=0))
        self._rest_pass = _ahead(once[kinds].min(axis=0))
        self._work_speed = _speeds(more, kinds)[costs.kind]
        self._pass_speed = _speeds(once, kinds)[costs.kind]
        self._order = _order(costs)
        self._twins = _twins(costs)

    def least(self) -> int:
        """No plan costs less, ns."""
        return int(self.bounds(self._root())[0])

    def _root(self) -> Beginnings:
        """No stage yet."""
        nothing, zero = np.zeros((1, 0), dtype=np.int64), np.zeros(1, dtype=np.int64)
        prompt = zero + self.costs.problem.prompt_tokens
        parts = (zero + self._work_speed.sum(), zero + self._pass_speed.sum())
        return Beginnings(nothing, nothing, prompt, zero, zero, zero, zero, zero, *parts)

    def bounds(self, some: Beginnings) -> Ints:
        """[n] no plan that begins so costs less."""
        at = _at(some)
        work_left, pass_left = np.maximum(1, some.work_left), np.maximum(1, some.pass_left)
        shared = self._rest_more[at] // work_left * _PARTS
        ahead = some.head + self._rest_least[at] + shared
        several = np.maximum(some.peak + self._rest_last[at], ahead)
        one = some.whole + self._rest_whole[at]
        fits = some.room >= self.costs.problem.prompt_tokens
        prefill = np.minimum(
            several if self._several else UNREACHABLE, np.where(fits, one, UNREACHABLE)
        )
        latency = some.latency + self._rest_pass[at]
        period = np.maximum(some.period, self._rest_pass[at] // pass_left * _PARTS)
        bounds: Ints = np.minimum(UNREACHABLE, prefill + decoding(self.costs, latency, period))
        return bounds

    def plans(self, horizon: Horizon, watch: Stopwatch) -> Iterator[Beginnings]:
        """Whole plans within the horizon, some thousands at a time, until the watch expires."""
        costs = self.costs
        most = max(1, _CELLS // (costs.devices * (costs.layers + 1)))
        stack = [self._root()]
        while stack and not watch.expired():
            some = stack.pop()
            some = some.taken(np.flatnonzero(horizon.within(self.bounds(some))))
            self.looked_at += len(some.head)
            more = self._longer(some)
            more = more.taken(np.flatnonzero(horizon.within(self.bounds(more))))
            ended = _at(more) == costs.layers
            if ended.any():
                yield more.taken(np.flatnonzero(ended))
            rest = more.taken(np.flatnonzero(~ended))
            rest = rest.taken(np.argsort(self.bounds(rest), kind="stable"))
            stack += [rest.taken(piece) for piece in pieces(len(rest.head), most)][::-1]

    def _longer(self, some: Beginnings) -> Beginnings:
        """All of one stage more that keep to the rules."""
        costs = self.costs
        n, device, stop = (axis.astype(np.int64) for axis in np.nonzero(self._allowed(some)))
        start, kind = _at(some)[n], costs.kind[device]
        way = costs.way[some.device[n, -1], device, start] if some.device.shape[1] else 0 * n
        first, last, work, whole, once = (
            rows[kind, stop] - rows[kind, start]
            for rows in (self._first, self._last, self._work, self._whole, costs.passes)
        )
        # The link is a machine before the device's; both stand behind all others.
        head = some.head[n] + self._first_wire[way]
        peak = np.maximum(some.peak[n] + self._last_wire[way], some.head[n] + self._work_wire[way])
        sent = costs.pass_wire[way]
        return Beginnings(
            device=np.column_stack([some.device[n], device]),
            stop=np.column_stack([some.stop[n], stop]),
            room=np.minimum(some.room[n], costs.room[device, start, stop]),
            head=head + first,
            peak=np.maximum(peak + last, head + work),
            whole=some.whole[n] + self._whole_wire[way] + whole,
            latency=some.latency[n] + sent + once,
            period=np.maximum(some.period[n], np.maximum(sent, once)),
            work_left=some.work_left[n] - self._work_speed[device],
            pass_left=some.pass_left[n] - self._pass_speed[device],
        )

    def _allowed(self, some: Beginnings) -> Bools:
        """[n, D, L + 1] which device may hold the layers from the last stop up to which next."""
        costs, problem = self.costs, self.costs.problem
        depth, at = some.device.shape[1], _at(some)
        devices, stops = np.arange(costs.devices), np.arange(costs.layers + 1)
        used = (some.device[:, :, None] == devices).any(axis=1)
        free = ~used
        if depth:
            before = some.device[:, -1]
            free &= costs.way[before, :, at] >= 0
            free &= self._order[before]
        # A twin that stands before a device is used first.
        free &= ~((~used).astype(np.int64) @ self._twins.astype(np.int64) > 0)
        fits = costs.room[:, at, :].transpose(1, 0, 2) >= problem.least_chunk
        after = stops > at[:, None]
        left = costs.devices - depth - 1
        if problem.use_all_devices:
            after &= stops <= costs.layers - left
            after &= (stops < costs.layers) | (left == 0)
        if left == 0:
            after &= stops == costs.layers
        allowed: Bools = free[:, :, None] & fits & after[:, None, :]
        return allowed


def decoding(costs: Costs, latency: Ints, period: Ints) -> Ints:
    """[n] all passes of all points, ns; 0 where they do not count."""
    timed = costs.problem.timed_decoding
    if timed is None:
        return np.zeros_like(latency)
    cycle = np.maximum(latency, timed.points * period)
    total: Ints = (timed.passes - 1) * cycle + latency + (timed.points - 1) * period
    return total


def _at(some: Beginnings) -> Ints:
    """[n] the layers that are placed."""
    if some.stop.shape[1]:
        return np.asarray(some.stop[:, -1])
    return np.zeros(len(some.stop), dtype=np.int64)


def _ahead(per_layer: Ints) -> Ints:
    """[L + 1] sums of the layers from each one on."""
    return np.append(per_layer[::-1].cumsum()[::-1], 0)


def _speeds(per_layer: Ints, kinds: Ints) -> Ints:
    """[T] parts of a device type's speed on the layer that suits it best."""
    fastest = per_layer[kinds].min(axis=0)
    timed = fastest > 0
    if not timed.any():
        return np.full(len(per_layer), _PARTS, dtype=np.int64)
    parts = -(-_PARTS * fastest[timed] // per_layer[:, timed])
    speeds: Ints = parts.max(axis=1)
    return speeds


def _order(costs: Costs) -> Bools:
    """[D, D] which device may come after which."""
    names = costs.problem.device_order
    if names is None:
        return ~np.eye(costs.devices, dtype=np.bool_)
    place = np.array([names.index(device.name) for device in costs.problem.devices])
    after: Bools = place[None, :] > place[:, None]
    return after


def _twins(costs: Costs) -> Bools:
    """[D, D] which device comes before which other one that it can be exchanged with."""
    found = np.zeros((costs.devices, costs.devices), dtype=np.bool_)
    if costs.problem.device_order is not None:
        return found
    memory = [device.memory_bytes for device in costs.problem.devices]
    for a in range(costs.devices):
        for b in range(a + 1, costs.devices):
            swap = np.arange(costs.devices)
            swap[[a, b]] = b, a
            alike = costs.kind[a] == costs.kind[b] and memory[a] == memory[b]
            same_way = (costs.way[swap][:, swap] == costs.way).all()
            same_back = (costs.back[swap][:, swap] == costs.back).all()
            found[a, b] = alike and same_way and same_back
    return found
