"""Dynamic program for the least bottleneck on devices in a fixed order, none left out.

    A(n, y) = min over l < y of  max{ A(n-1, l), load(n, l, y) }

where A(n, y) is the least bottleneck of the first y layers on the first n devices, and
load(n, l, y) the time of layers l..y-1 on the n-th device together with the transfer of cut l from
the device before: their sum (Jupiter) or, where they overlap, their maximum (PipeDream). O(D L²).
"""

from collections.abc import Sequence

import numpy as np

from solvers.base import UNREACHABLE
from solvers.tables.pipeline_partition import Columns, Ints, Tables


def bottleneck_splits(tables: Tables, line: Sequence[int], *, overlap: bool) -> list[Columns]:
    """For each number n of first devices in line the best split over all n, where there is one."""
    reach = np.full(tables.layers + 1, UNREACHABLE, dtype=np.int64)
    reach[0] = 0
    parents: list[Ints] = []
    found = []
    for place, device in enumerate(line):
        send = np.zeros(tables.layers, dtype=np.int64)
        if place > 0:
            send = tables.link[line[place - 1], device, tables.size_class[:-1]]
        total = np.maximum(reach[:-1, None], _loads(tables, device, send, overlap))
        parents.append(total.argmin(axis=0))
        reach = total.min(axis=0)
        if reach[-1] < UNREACHABLE:
            found.append(_trace(line, parents, tables.layers))
    return found


def _loads(tables: Tables, device: int, send: Ints, overlap: bool) -> Ints:
    """[L, L + 1] load of layers [l, y) on a device, UNREACHABLE where they do not fit."""
    prefix = tables.prefix[device]
    work = prefix[None, :] - prefix[:-1, None]
    cuts = np.arange(tables.layers + 1)
    inside = (cuts > cuts[:-1, None]) & (cuts <= tables.fits[device][:, None])
    load = np.maximum(work, send[:, None]) if overlap else work + send[:, None]
    held: Ints = np.where(inside, load, UNREACHABLE)
    return held


def _trace(line: Sequence[int], parents: list[Ints], layers: int) -> Columns:
    stages = []
    stop = layers
    for device, parent in zip(line[: len(parents)][::-1], parents[::-1], strict=True):
        start = int(parent[stop])
        stages.append((device, start, stop))
        stop = start
    return tuple(stages[::-1])
