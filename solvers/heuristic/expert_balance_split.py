"""Local search for one layer whose loads are split among hosts anew in every window.

By Hall's condition a window takes max_S load inside S / rate of S over sets S of devices, where an
expert is inside S when all its hosts are. Up to ten devices all sets are kept; beyond, single
devices, all of them, and the sets that a linear program finds violated by the best placement, until
it finds none. A slot is given another expert, or exchanged with another slot; for a slot all of
these are valued at once.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.backends import highs
from solvers.base import Stopwatch
from solvers.heuristic.expert_balance_equal import cost
from solvers.tables.expert_balance import (
    MOST_DEVICES,
    NS_PER_S,
    Bools,
    Floats,
    Ints,
    Layer,
    all_sets,
)
from solvers.tables.expert_balance_batch import batches

_KICKS = 4
_SEPARATIONS = 8
# Slots valued in all; each costs a millisecond on 8 devices with 16 windows.
_MOST_SLOTS = 4_000


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets [N, G] of devices and what a token inside of one takes, ns [N]."""

    members: Bools
    ns: Floats


def sets_of(members: Bools, layer: Layer) -> Sets:
    """Sets with their times."""
    return Sets(members, NS_PER_S / (members @ layer.rate.astype(np.float64)))


class State:
    """A placement with the tokens inside every set: inside [E, N], tokens [T, N]."""

    def __init__(self, layer: Layer, sets: Sets, counts: Ints) -> None:
        self.layer, self.sets, self.counts = layer, sets, counts
        self.inside = inside(counts > 0, sets)
        self.tokens = layer.loads.astype(np.float64) @ self.inside
        self.moved = int(((counts > 0) & ~layer.held).sum())
        times = (self.tokens * sets.ns).max(axis=1)
        self.value = float(cost(layer, times)) + self.moved * layer.move_ns


def inside(hosts: Bools, sets: Sets) -> Bools:
    """[..., N] whether all hosts [..., G] are in each set."""
    return np.asarray(~(hosts @ ~sets.members.T))


def search(layer: Layer, starts: list[Ints], seed: int, watch: Stopwatch) -> Ints:
    """[E, G] replicas no worse than any of the starts."""
    exact = layer.devices <= MOST_DEVICES
    members = all_sets(layer.devices) if exact else _few(layer)
    best = starts[0]
    for _ in range(1 if exact else _SEPARATIONS):
        sets = sets_of(members, layer)
        best = min((State(layer, sets, s) for s in [best, *starts]), key=lambda s: s.value).counts
        best = _walk(layer, sets, best, seed, watch.expired)
        if exact or watch.expired():
            break
        more = _violated(layer, best, sets, watch)
        if not len(more):
            break
        members = np.unique(np.concatenate([members, more]), axis=0)
    return best


def _few(layer: Layer) -> Bools:
    one = np.eye(layer.devices, dtype=np.bool_)
    nodes = [layer.node == node for node in range(layer.nodes)]
    return np.unique(np.concatenate([one, np.array(nodes), np.ones_like(one[:1])]), axis=0)


def _violated(layer: Layer, counts: Ints, sets: Sets, watch: Stopwatch) -> Bools:
    """[M, G] sets that limit windows in the linear program more than the known ones do."""
    windows = len(layer.loads)
    hosts = np.repeat((counts > 0)[None], windows, axis=0)
    found = batches(layer.loads, hosts, layer.rate)
    relaxed = highs.relax(found.program, watch)
    none = np.zeros((0, layer.devices), dtype=np.bool_)
    if relaxed.values is None or relaxed.duals is None:
        return none
    times = relaxed.values[len(found.places) :] * (NS_PER_S / found.unit)
    known = (State(layer, sets, counts).tokens * sets.ns).max(axis=1)
    limiting = found.tight(relaxed.duals)
    return np.asarray(limiting[(times > known * (1 + 1e-6)) & limiting.any(axis=1)])


def _walk(layer: Layer, sets: Sets, counts: Ints, seed: int, stop: Callable[[], bool]) -> Ints:
    """Descent, then a few exchanges at random and descent again."""
    rng = random.Random(seed)  # noqa: S311  # a search, not a secret
    budget = [_MOST_SLOTS]
    best = _descend(State(layer, sets, counts), rng, budget, stop)
    slots = int(layer.slots.sum())
    for _ in range(_KICKS if slots > layer.devices else 0):
        if stop() or budget[0] <= 0:
            break
        trial = _descend(_kicked(best, rng), rng, budget, stop)
        if trial.value < best.value * (1 - 1e-12):
            best = trial
    return best.counts


def _kicked(state: State, rng: random.Random) -> State:
    """Three exchanges of slots, drawn."""
    layer, counts = state.layer, state.counts.copy()
    for _ in range(3):
        places = np.argwhere(counts)
        (e, g), (f, h) = (places[rng.randrange(len(places))].tolist() for _ in range(2))
        if layer.node[g] == layer.node[h]:
            for expert, source, target in ((e, g, h), (f, h, g)):
                counts[expert, source] -= 1
                counts[expert, target] += 1
    return State(layer, state.sets, counts)


def _descend(
    state: State, rng: random.Random, budget: list[int], stop: Callable[[], bool]
) -> State:
    """The best change of one slot after another, drawn, until none of any slot helps."""
    while True:
        places = np.argwhere(state.counts).tolist()
        rng.shuffle(places)
        for expert, device in places:
            if stop() or budget[0] <= 0:
                return state
            budget[0] -= 1
            better = _better(state, expert, device)
            if better is not None:
                state = better
                break
        else:
            return state


def _better(state: State, expert: int, device: int) -> State | None:
    """The state after the best change of a slot, None where none helps."""
    layer, counts = state.layer, state.counts
    places = np.argwhere(counts)
    f, h = places.T
    allowed = (layer.node[h] == layer.node[device]) & (h != device) & (f != expert)
    f, h = f[allowed], h[allowed]
    found = []
    if counts[expert].sum() > 1:
        gone = counts[expert].copy()
        gone[device] -= 1
        others = np.flatnonzero(_same_node(layer, counts, device) & (counts[:, device] == 0))
        others = others[others != expert]
        hosts = counts[others] > 0
        hosts[:, device] = True
        found.append((np.repeat(gone[None] > 0, len(others), axis=0), others, hosts, None))
    if len(f):
        mine = np.repeat(counts[expert][None], len(h), axis=0)
        mine[:, device] -= 1
        mine[np.arange(len(h)), h] += 1
        hosts = counts[f]
        hosts[np.arange(len(h)), h] -= 1
        hosts[:, device] += 1
        found.append((mine > 0, f, hosts > 0, h))
    best: tuple[float, Ints] | None = None
    for mine_hosts, others, hosts, targets in found:
        if not len(others):
            continue
        values = _values(state, expert, mine_hosts, others, hosts)
        chosen = int(values.argmin())
        if values[chosen] < state.value * (1 - 1e-12) and (
            best is None or values[chosen] < best[0]
        ):
            target = None if targets is None else int(targets[chosen])
            best = (
                float(values[chosen]),
                _changed(counts, (expert, device), int(others[chosen]), target),
            )
    return None if best is None else State(layer, state.sets, best[1])


def _same_node(layer: Layer, counts: Ints, device: int) -> Bools:
    """[E] experts of the device's node."""
    return np.asarray(layer.node[(counts > 0).argmax(axis=1)] == layer.node[device])


def _changed(counts: Ints, slot: tuple[int, int], other: int, target: int | None) -> Ints:
    """Replicas with `other` in the slot, its expert where that was, or nowhere."""
    expert, device = slot
    changed = counts.copy()
    changed[expert, device] -= 1
    changed[other, device] += 1
    if target is not None:
        changed[other, target] -= 1
        changed[expert, target] += 1
    return changed


def _values(state: State, expert: int, mine: Bools, others: Ints, hosts: Bools) -> Floats:
    """[n] values with hosts mine [n, G] of the expert and hosts [n, G] of the others."""
    layer, sets = state.layer, state.sets
    loads = layer.loads.astype(np.float64)
    change = inside(mine, sets).astype(np.float64) - state.inside[expert]
    second = inside(hosts, sets).astype(np.float64) - state.inside[others]
    tokens = state.tokens[:, None, :] + loads[:, expert, None, None] * change
    tokens += loads[:, others, None] * second
    values: Floats = cost(layer, (tokens * sets.ns).max(axis=2))
    if not layer.move_ns:
        return values
    fresh = ~layer.held
    before = (state.counts[expert] > 0) & fresh[expert]
    moved = (mine & fresh[expert]).sum(axis=1) - before.sum()
    moved += (hosts & fresh[others]).sum(axis=1) - ((state.counts[others] > 0) & fresh[others]).sum(
        axis=1
    )
    return np.asarray(values + layer.move_ns * (state.moved + moved))
