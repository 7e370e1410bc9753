"""Combinatorial lower bounds of a placement of experts, in exact numbers.

Per layer and window, with R slots in all, the largest of

    mean      Σ w / Σ s                                      no device is faster than all together
    replica   the least v with Σ_e ceil(w_e / v) ≤ R, over the largest s      (equal split: the
              least possible largest replica; split: w_e over the R - E + 1 fastest devices)
    packing   without redundancy: the largest expert beside the S - 1 smallest, on the device where
              that takes least
    groups    where groups are bound to nodes, the best partition of the groups: the largest of the
              bounds above over its nodes, each by itself, over all partitions of up to 20,000 (one
              for all windows of a layer)

and the objective is at least their sum. Hops are at least 0.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import ceil, factorial

from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalanceProblem,
    Mode,
)

_MOST_PARTITIONS = 20_000


def lower_bound(problem: ExpertBalanceProblem) -> int | None:
    """No placement costs less, in the objective's unit."""
    if problem.objective is BalanceObjective.HOPS:
        return 0
    return sum(layer_bound(problem, layer) for layer in range(problem.layers))


def layer_bound(problem: ExpertBalanceProblem, layer: int) -> int:
    """No placement of one layer takes less, ns, all windows and the tail together."""
    loads = [window.loads[layer] for window in problem.windows]
    alone = [_time_ns(problem.devices, row, problem.mode) for row in loads]
    on_node = _on_nodes(problem, loads)
    best: int | None = None
    for nodes in _partitions(problem):
        times = list(alone)
        for node in range(len(problem.nodes)):
            held = tuple(group for group, place in enumerate(nodes) if place == node)
            times = [max(pair) for pair in zip(times, on_node(node, held), strict=True)]
        cost = _weighted(problem, times)
        best = cost if best is None else min(best, cost)
    return _weighted(problem, alone) if best is None else best


def _on_nodes(
    problem: ExpertBalanceProblem, loads: Sequence[Sequence[int]]
) -> Callable[[int, tuple[int, ...]], list[int]]:
    """The bounds, window by window, of a node with some groups; worked out once."""
    size = problem.experts // problem.groups
    devices = [[d for d in problem.devices if d.node == name] for name in problem.nodes]

    @cache
    def times(node: int, groups: tuple[int, ...]) -> list[int]:
        experts = [e for group in groups for e in range(group * size, (group + 1) * size)]
        rows = ([row[e] for e in experts] for row in loads)
        return [_time_ns(devices[node], row, problem.mode) for row in rows]

    return times


def _weighted(problem: ExpertBalanceProblem, times: list[int]) -> int:
    total = sum(w.weight * time for w, time in zip(problem.windows, times, strict=True))
    worst = sorted(times, reverse=True)[: problem.tail_windows]
    return total + problem.tail_weight * sum(worst)


def _time_ns(devices: Sequence[BalanceDevice], loads: Sequence[int], mode: Mode) -> int:
    """The bounds of one window of experts that all have their replicas on these devices, ns."""
    rates = sorted((device.tokens_per_s for device in devices), reverse=True)
    slots = sum(device.slots for device in devices)
    spare = max(0, slots - len(loads))
    found = [Fraction(sum(loads), sum(rates))]
    if mode is Mode.SPLIT:
        found.append(Fraction(max(loads), sum(rates[: spare + 1])))
    else:
        found.append(_replica(loads, slots) / rates[0])
    if spare == 0:
        found.append(_packing(devices, sorted(loads)))
    return ceil(10**9 * max(found))


def _replica(loads: Sequence[int], slots: int) -> Fraction:
    """The least largest load of a replica: replicas given one by one to the largest."""
    number = [1] * len(loads)
    for _ in range(slots - len(loads)):
        heaviest = max(range(len(loads)), key=lambda e: Fraction(loads[e], number[e]))
        number[heaviest] += 1
    return max(Fraction(load, count) for load, count in zip(loads, number, strict=True))


def _packing(devices: Sequence[BalanceDevice], ordered: list[int]) -> Fraction:
    return min(
        Fraction(ordered[-1] + sum(ordered[: device.slots - 1]), device.tokens_per_s)
        for device in devices
        if device.slots <= len(ordered)
    )


def _partitions(problem: ExpertBalanceProblem) -> Iterator[tuple[int, ...]]:
    """The node of every group, in all ways with equal counts; nothing where there are too many."""
    if not problem.hierarchical:
        return
    each = problem.groups // len(problem.nodes)
    ways = factorial(problem.groups) // factorial(each) ** len(problem.nodes)
    if ways <= _MOST_PARTITIONS:
        yield from _filled((), [each] * len(problem.nodes), problem.groups)


def _filled(nodes: tuple[int, ...], room: list[int], groups: int) -> Iterator[tuple[int, ...]]:
    if len(nodes) == groups:
        yield nodes
        return
    for node, left in enumerate(room):
        if left:
            room[node] -= 1
            yield from _filled((*nodes, node), room, groups)
            room[node] += 1
