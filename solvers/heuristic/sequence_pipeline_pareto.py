"""Layer plans on the Pareto front of (sum, maximum) of stage times, devices in a given line.

    least sum of the first y layers on the first n devices under a cap T on every load:
    S(n, y) = min over l < y of  S(n-1, l) + load(n, l, y),   load(n, l, y) ≤ T

for every value T that a load can take. O(values D L²).
"""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from solvers.base import UNREACHABLE
from solvers.heuristic.pipeline_partition_shares import by_speed, line_up
from solvers.tables.pipeline_partition import Columns, Ints, Tables

# All orders of so many devices; beyond it a few.
_PERMUTED = 4
_CAPS = 400


def lines(tables: Tables) -> Iterator[list[int]]:
    """The orders of devices, and of fewer of them, that are looked at; none twice."""
    everyone = list(range(tables.devices))
    if tables.order is not None:
        orders = [line_up(tables, everyone)]
    elif tables.devices <= _PERMUTED:
        orders = [list(order) for order in permutations(everyone)]
    else:
        fast = by_speed(tables)
        orders = [everyone, fast, fast[::-1]]
    seen: set[tuple[int, ...]] = set()
    least = tables.devices if tables.use_all else 1
    for order in orders:
        for count in range(len(order), least - 1, -1):
            kinds = _classes(tables, order[:count])
            if kinds not in seen:
                seen.add(kinds)
                yield order[:count]


def _classes(tables: Tables, line: list[int]) -> tuple[int, ...]:
    """A line with devices that can be exchanged taken for one another."""
    group = {device: n for n, members in enumerate(tables.classes) for device in members}
    return tuple(group[device] for device in line)


def promising_splits(tables: Tables, line: list[int]) -> Iterator[Columns]:
    """The layer plans over the whole line, none twice."""
    loads = [_loads(tables, line, place) for place in range(len(line))]
    values = np.unique(np.concatenate([load[load < UNREACHABLE] for load in loads]))[::-1]
    seen: set[Columns] = set()
    for cap in values[:: max(1, -(-len(values) // _CAPS))].tolist():
        stages = _least_sum(tables, line, [np.where(o <= cap, o, UNREACHABLE) for o in loads])
        if stages is None:
            return
        if stages not in seen:
            seen.add(stages)
            yield stages


def _loads(tables: Tables, line: list[int], place: int) -> Ints:
    """[L, L + 1] time of layers [l, y) on a device and of what comes in, if it fits."""
    device, cuts = line[place], np.arange(tables.layers + 1)
    send = np.zeros(tables.layers, dtype=np.int64)
    if place > 0:
        send = tables.link[line[place - 1], device, tables.size_class[:-1]]
    prefix = tables.prefix[device]
    inside = (cuts > cuts[:-1, None]) & (cuts <= tables.fits[device][:, None])
    load = np.minimum(prefix[None, :] - prefix[:-1, None] + send[:, None], UNREACHABLE)
    return np.asarray(np.where(inside, load, UNREACHABLE))


def _least_sum(tables: Tables, line: list[int], loads: list[Ints]) -> Columns | None:
    reach = np.full(tables.layers + 1, UNREACHABLE, dtype=np.int64)
    reach[0] = 0
    parents: list[Ints] = []
    for load in loads:
        total = np.minimum(reach[:-1, None] + load, UNREACHABLE)
        parents.append(total.argmin(axis=0))
        reach = total.min(axis=0)
    if reach[-1] >= UNREACHABLE:
        return None
    stages: list[tuple[int, int, int]] = []
    stop = tables.layers
    for device, parent in zip(line[::-1], parents[::-1], strict=True):
        start = int(parent[stop])
        stages.append((device, start, stop))
        stop = start
    return tuple(stages[::-1])
