"""Iterated local search for one layer of an equal split.

State: the expert x in each of R slots. Two moves, both valued for all candidates at once in numpy:

- swap: a slot of a device that is the slowest in some window with a slot of another device. A swap
  touches two devices; the rest of a window is known from its three slowest ones;
- re-replicate: a slot of an expert with two replicas or more becomes one of another expert, which
  changes the load per replica of both.

Swaps until none helps, then the best re-replication; where that does not help either, one of the
twelve best, drawn. A result within a tenth of the excess over the bound is walked on from, the best
one is come back to after forty rounds without a better. Rounds are counted, not timed, so that
equal input gives an equal answer.
"""

import random
from collections.abc import Callable

import numpy as np

from solvers.tables.expert_balance import NS_PER_S, Floats, Ints, Layer

_DRAWN = 12
_PATIENCE = 40
_ROUNDS_PER_SLOT = 6
# Cells valued per round and in all; a cell takes some ns.
_MOST_CELLS = 80_000
_WORK = 40_000_000
_CLOSE = 1e-5
# Weight of the two devices of a swap against the slowest of all.
_PAIR = 0.1


class State:
    """A placement of a layer with its loads: x [R], n [E, G], time [T, G] in ns."""

    def __init__(self, layer: Layer, counts: Ints) -> None:
        self.layer = layer
        self.device = np.repeat(np.arange(layer.devices), layer.slots)
        experts = np.arange(layer.experts)
        self.expert = np.concatenate([np.repeat(experts, column) for column in counts.T])
        self.ns = NS_PER_S / layer.rate
        # [G, R] slots that a device's own are not swapped with: its own, those of other nodes.
        apart = layer.node[:, None] != layer.node[None, :]
        self.barred = (apart | np.eye(layer.devices, dtype=np.bool_))[:, self.device]
        self.count(counts)

    def count(self, counts: Ints) -> None:
        """Takes over [E, G] replicas, and all that follows from them."""
        self.counts = counts
        self.number = counts.sum(axis=1)
        self.share = self.layer.loads / self.number
        self.refresh()

    def refresh(self) -> None:
        """Loads anew, so that errors do not add up."""
        self.time = (self.share @ self.counts) * self.ns
        self.valued()

    def valued(self) -> None:
        """The value of the times, and of what is moved."""
        self.moved = 0
        if self.layer.move_ns:
            self.moved = int(((self.counts > 0) & ~self.layer.held).sum())
        self.value = (
            float(cost(self.layer, self.time.max(axis=1))) + self.moved * self.layer.move_ns
        )

    def copy(self) -> "State":
        """A state of its own."""
        other = State.__new__(State)
        other.__dict__.update(self.__dict__)
        other.expert, other.counts = self.expert.copy(), self.counts.copy()
        other.time = self.time.copy()
        return other

    def exchange(self, first: int, second: int) -> None:
        """Swaps the experts of two slots."""
        for slot, other in ((first, second), (second, first)):
            self.counts[self.expert[slot], self.device[slot]] -= 1
            self.counts[self.expert[slot], self.device[other]] += 1
        a, b = self.device[first], self.device[second]
        moved = self.share[:, self.expert[second]] - self.share[:, self.expert[first]]
        self.time[:, a] += moved * self.ns[a]
        self.time[:, b] -= moved * self.ns[b]
        self.expert[first], self.expert[second] = self.expert[second], self.expert[first]
        self.valued()

    def replace(self, slot: int, expert: int) -> None:
        """Gives a slot another expert."""
        counts = self.counts.copy()
        counts[self.expert[slot], self.device[slot]] -= 1
        counts[expert, self.device[slot]] += 1
        self.expert[slot] = expert
        self.count(counts)


def cost(layer: Layer, times: Floats) -> Floats:
    """Weights and tail of times [T, ...], as floats [...]."""
    total = layer.weight[0] * times[0]
    for window in range(1, len(times)):
        total = total + layer.weight[window] * times[window]
    weight, windows = layer.tail
    if weight:
        worst = np.partition(times, len(times) - windows, axis=0)[-windows:]
        total = total + weight * worst.sum(axis=0)
    return np.asarray(total)


def search(layer: Layer, counts: Ints, floor: float, seed: int, stop: Callable[[], bool]) -> Ints:
    """[E, G] replicas no worse than those given; floor: a bound on the value in ns."""
    rng = random.Random(seed)  # noqa: S311  # a search, not a secret
    current = State(layer, counts)
    descend(current, stop)
    best, stale = current.copy(), 0
    cells = min(_cells(layer) * len(current.expert), max(_MOST_CELLS, _cells(layer)))
    rounds = min(_ROUNDS_PER_SLOT * len(current.expert), _WORK // cells)
    for _ in range(rounds):
        if stop() or best.value <= floor * (1 + _CLOSE):
            break
        chosen = _rereplication(current, rng)
        if chosen is None:
            break
        trial = current.copy()
        trial.replace(*chosen)
        descend(trial, stop)
        if trial.value < current.value + 0.1 * max(current.value - floor, 0):
            current = trial
        stale += 1
        if current.value < best.value * (1 - 1e-12):
            best, stale = current.copy(), 0
        elif stale > _PATIENCE:
            current, stale = best.copy(), 0
    return best.counts


def _cells(layer: Layer) -> int:
    return len(layer.weight) * layer.experts * layer.devices


def descend(state: State, stop: Callable[[], bool]) -> None:
    """Swaps while one helps."""
    while not stop():
        slowest = np.unique(state.time.argmax(axis=1)).tolist()
        for device in sorted(slowest, key=lambda g: -state.time[:, g].max()):
            found = _swap(state, device)
            if found is not None:
                state.exchange(*found)
                break
        else:
            return


def _swap(state: State, device: int) -> tuple[int, int] | None:
    """The best swap of a slot of a device, None where none helps."""
    layer, slots = state.layer, state.device
    own = np.flatnonzero(slots == device)
    load = state.share[:, state.expert]
    moved = load[:, None, :] - load[:, own, None]
    pair = np.maximum(
        state.time[:, device, None, None] + moved * state.ns[device],
        state.time[:, slots][:, None, :] - moved * state.ns[slots],
    )
    times = np.maximum(pair, _others(state.time, device)[:, slots][:, None, :])
    values = cost(layer, times)
    # Of swaps that leave a third device the slowest, the one that evens out its own two.
    scores = values + _PAIR * cost(layer, pair)
    if layer.move_ns:
        moving = layer.move_ns * (state.moved + _missing(state, own))
        values, scores = values + moving, scores + moving
        scores[state.expert[own][:, None] == state.expert] = np.inf
    scores[:, state.barred[device]] = np.inf
    best = int(scores.argmin())
    # Devices with equal replicas tie: in a single window, evening out one of them is progress, and
    # as it lowers the sum of squares it does not go round in circles.
    before = state.value
    if len(pair) == 1 and not layer.move_ns:
        values, before = cost(layer, pair), float(cost(layer, state.time[:, device]))
    if scores.flat[best] == np.inf or values.flat[best] >= before * (1 - 1e-12):
        return None
    first, second = np.unravel_index(best, values.shape)
    return int(own[first]), int(second)


def _others(time: Floats, device: int) -> Floats:
    """[T, G] the slowest of all but `device` and g."""
    if time.shape[1] <= 2:
        return np.zeros_like(time)
    rest = time.copy()
    rest[:, device] = 0.0
    first = rest.argmax(axis=1)
    rows = np.arange(len(rest))
    largest = rest[rows, first]
    found = np.repeat(largest[:, None], time.shape[1], axis=1)
    rest[rows, first] = 0.0
    found[rows, first] = rest.max(axis=1)
    return found


def _missing(state: State, own: Ints) -> Ints:
    """[K, R] how many more experts a swap of slots brings to devices that had them not."""
    layer = state.layer
    fresh = ~layer.held
    gain = fresh & (state.counts == 0)
    loss = fresh & (state.counts == 1)
    mine, all_experts = state.expert[own], state.expert
    device, other = state.device[own][:, None], state.device[None, :]
    more = gain[all_experts[None, :], device].astype(np.int64) + gain[mine[:, None], other]
    less = loss[mine, state.device[own]][:, None].astype(np.int64) + loss[all_experts, state.device]
    return np.asarray(more - less)


def _rereplication(state: State, rng: random.Random) -> tuple[int, int] | None:
    """A slot and the expert to put there: the best where it helps, else one of the best."""
    layer = state.layer
    slots = np.flatnonzero(state.number[state.expert] > 1)
    most = max(1, _MOST_CELLS // _cells(layer))
    if len(slots) > most:
        slots = np.array(sorted(rng.sample(slots.tolist(), most)))
    if not len(slots):
        return None
    values = _replaced(state, slots)
    flat = values.ravel()
    if flat.min() < state.value * (1 - 1e-12):
        chosen = int(flat.argmin())
    else:
        number = min(_DRAWN, flat.size)
        near = np.argpartition(flat, number - 1)[:number]
        near = near[np.isfinite(flat[near])]
        if not near.size:
            return None
        chosen = int(near[rng.randrange(len(near))])
    slot, expert = np.unravel_index(chosen, values.shape)
    return int(slots[slot]), int(expert)


def _replaced(state: State, slots: Ints) -> Floats:
    """[S, E] values with each slot given to each expert; infinite where that is not allowed."""
    layer, number = state.layer, state.number
    expert, device = state.expert[slots], state.device[slots]
    fewer = layer.loads[:, expert] / (number[expert] - 1)
    time = state.time[:, None, :] + (
        (fewer - state.share[:, expert])[:, :, None] * state.counts[expert] * state.ns
    )
    at = np.arange(len(slots))
    time[:, at, device] -= fewer * state.ns[device]
    more = layer.loads / (number + 1)
    eased = (more - state.share)[:, :, None] * (state.counts * state.ns)
    times = time[:, :, None, :] + eased[:, None]
    times[:, at, :, device] += more[None] * state.ns[device][:, None, None]
    values = cost(layer, times.max(axis=3))
    if layer.move_ns:
        fresh = ~layer.held
        gain = (fresh & (state.counts == 0))[:, device].T.astype(np.int64)
        loss = (fresh & (state.counts == 1))[expert, device][:, None]
        values = values + layer.move_ns * (state.moved + gain - loss)
    values[at, expert] = np.inf
    if layer.nodes > 1:
        node = np.array([layer.node[row.argmax()] for row in state.counts])
        values[node[None, :] != layer.node[device][:, None]] = np.inf
    return values
