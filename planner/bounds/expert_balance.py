"""Combinatorial lower bounds of a placement of experts, in exact numbers.

Per layer and window, with R slots in all, the largest of

    mean      Σ w / Σ s                                      no device is faster than all together
    replica   the least v with Σ_e ceil(w_e / v) ≤ R, over the largest s      (equal split: the
              least possible largest replica; split: w_e over the R - E + 1 fastest devices)
    packing   without redundancy: the largest expert beside the S - 1 smallest, on the device where
              that takes least
    groups    where groups are bound to nodes, the best partition of the groups: its fullest node,
              over all partitions of up to 20,000 (one for all windows of a layer)

and the objective is at least their sum. Hops are at least 0.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil, factorial

from models.problems.expert_balance import BalanceObjective, ExpertBalanceProblem, Mode

_MOST_PARTITIONS = 20_000


def lower_bound(problem: ExpertBalanceProblem) -> int | None:
    """No placement costs less, in the objective's unit."""
    if problem.objective is BalanceObjective.HOPS:
        return 0
    return sum(layer_bound(problem, layer) for layer in range(problem.layers))


def layer_bound(problem: ExpertBalanceProblem, layer: int) -> int:
    """No placement of one layer takes less, ns, all windows and the tail together."""
    alone = [_window(problem, window.loads[layer]) for window in problem.windows]
    best: int | None = None
    for nodes in _partitions(problem):
        times = [
            max(time, ceil(10**9 * _fullest(problem, window.loads[layer], nodes)))
            for time, window in zip(alone, problem.windows, strict=True)
        ]
        cost = _weighted(problem, times)
        best = cost if best is None else min(best, cost)
    return _weighted(problem, alone) if best is None else best


def _weighted(problem: ExpertBalanceProblem, times: list[int]) -> int:
    total = sum(w.weight * time for w, time in zip(problem.windows, times, strict=True))
    worst = sorted(times, reverse=True)[: problem.tail_windows]
    return total + problem.tail_weight * sum(worst)


def _window(problem: ExpertBalanceProblem, loads: Sequence[int]) -> int:
    """The bounds of one window that know no nodes, ns."""
    rates = sorted((device.tokens_per_s for device in problem.devices), reverse=True)
    spare = max(0, problem.slots - problem.experts)
    found = [Fraction(sum(loads), sum(rates))]
    if problem.mode is Mode.SPLIT:
        found.append(Fraction(max(loads), sum(rates[: spare + 1])))
    else:
        found.append(_replica(loads, problem.slots) / rates[0])
    if spare == 0:
        found.append(_packing(problem, sorted(loads)))
    return ceil(10**9 * max(found))


def _replica(loads: Sequence[int], slots: int) -> Fraction:
    """The least largest load of a replica: replicas given one by one to the largest."""
    number = [1] * len(loads)
    for _ in range(slots - len(loads)):
        heaviest = max(range(len(loads)), key=lambda e: Fraction(loads[e], number[e]))
        number[heaviest] += 1
    return max(Fraction(load, count) for load, count in zip(loads, number, strict=True))


def _packing(problem: ExpertBalanceProblem, ordered: list[int]) -> Fraction:
    return min(
        Fraction(ordered[-1] + sum(ordered[: device.slots - 1]), device.tokens_per_s)
        for device in problem.devices
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


def _fullest(
    problem: ExpertBalanceProblem, loads: Sequence[int], nodes: tuple[int, ...]
) -> Fraction:
    size = problem.experts // problem.groups
    names = problem.nodes
    rates = [0] * len(names)
    for device in problem.devices:
        rates[names.index(str(device.node))] += device.tokens_per_s
    held = [0] * len(names)
    for group, node in enumerate(nodes):
        held[node] += sum(loads[group * size : (group + 1) * size])
    return max(Fraction(load, rate) for load, rate in zip(held, rates, strict=True))
