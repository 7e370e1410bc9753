"""Which groups go to which nodes: the promising ways, most promising first."""

from collections.abc import Iterator
from math import factorial

import numpy as np

from solvers.heuristic.expert_balance import nodes_of_groups
from solvers.heuristic.expert_balance_equal import cost
from solvers.tables.expert_balance import NS_PER_S, Floats, Ints, Layer

_MOST = 20_000


def partitions(layer: Layer, number: int) -> list[tuple[float, Ints]]:
    """Up to `number` of (floor, nodes [E] of the experts), the least floor first.

    floor: no placement with these nodes has a smaller value, ns. All ways of up to 20,000 are
    valued; of more, EPLB's and what single exchanges of groups make of it.
    """
    if layer.nodes == 1:
        none = np.zeros(layer.experts, dtype=np.int64)
        return [(float(floors(layer, none[None])[0]), none)]
    groups = int(layer.group.max()) + 1
    if factorial(groups) // factorial(layer.each) ** layer.nodes <= _MOST:
        ways = np.array(list(_ways([], [layer.each] * layer.nodes, groups)), dtype=np.int64)
    else:
        loads = (layer.weight @ layer.loads).astype(np.float64)
        first = np.arange(groups) * layer.experts // groups
        ways = _exchanged(layer, nodes_of_groups(layer, loads)[first])
    values = floors(layer, ways)
    order = np.argsort(values, kind="stable")
    found: dict[tuple[float, ...], tuple[float, Ints]] = {}
    for way in order.tolist():
        key = _alike(layer, ways[way])
        if len(found) < number and key not in found:
            found[key] = (float(values[way]), ways[way][layer.group])
    return list(found.values())


def floors(layer: Layer, ways: Ints) -> Floats:
    """[P] no placement with the groups on these nodes [P, groups] has a smaller value, ns."""
    groups = ways.shape[1]
    size = layer.experts // groups
    if layer.nodes == 1:
        groups, size = 1, layer.experts
        ways = ways[:, :1]
    loads = layer.loads.reshape(len(layer.loads), groups, size).sum(axis=2)
    slowest = np.zeros((len(loads), len(ways)))
    for node in range(layer.nodes):
        held = loads @ (ways == node).T
        rate = layer.rate[layer.node == node].sum()
        slowest = np.maximum(slowest, held * (NS_PER_S / rate))
    return cost(layer, slowest)


def _alike(layer: Layer, way: Ints) -> tuple[float, ...]:
    """Equal for ways that differ by a permutation of nodes with equal devices."""
    if layer.move_ns:
        return tuple(way.tolist())
    key = []
    for node in range(layer.nodes):
        mine = layer.node == node
        members = np.flatnonzero(way == node).tolist()
        key.append((sorted(zip(layer.rate[mine], layer.slots[mine], strict=True)), members))
    return tuple(
        float(x) for devices, members in sorted(key) for x in (*np.ravel(devices), *members)
    )


def _ways(nodes: list[int], room: list[int], groups: int) -> Iterator[tuple[int, ...]]:
    if len(nodes) == groups:
        yield tuple(nodes)
        return
    for node, left in enumerate(room):
        if left:
            room[node] -= 1
            yield from _ways([*nodes, node], room, groups)
            room[node] += 1


def _exchanged(layer: Layer, way: Ints) -> Ints:
    """A way and its neighbours by exchanges of two groups, after descent to a local optimum."""
    while True:
        first, second = np.triu_indices(len(way), 1)
        differ = way[first] != way[second]
        first, second = first[differ], second[differ]
        near = np.repeat(way[None], len(first), axis=0)
        at = np.arange(len(first))
        near[at, first], near[at, second] = way[second], way[first]
        values = floors(layer, near)
        if values.min() >= float(floors(layer, way[None])[0]):
            return np.concatenate([way[None], near])
        way = near[int(values.argmin())]
