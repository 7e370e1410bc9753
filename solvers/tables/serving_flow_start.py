"""Placements to start from: single pipelines along links, and nodes put where least passes."""

from collections.abc import Iterator

import numpy as np

from solvers.tables.serving_flow import Ints, Tables


def filled(tables: Tables, ranges: Ints, held: Ints) -> tuple[Ints, Ints]:
    """Gives every node without a range (start -1) `held` layers where least passes so far.

    ranges: [n, 2] start and stop; held: [n]. Nodes in order, windows compared by their weakest
    layers as Petals does, the leftmost on a tie.
    """
    start, stop = ranges.T.copy()
    passing = np.zeros(tables.layers, dtype=np.int64)
    for node in np.flatnonzero(start >= 0).tolist():
        passing[start[node] : stop[node]] += tables.rate[node, stop[node] - start[node] - 1]
    for node in np.flatnonzero(start < 0).tolist():
        size = int(held[node])
        windows = np.sort(np.lib.stride_tricks.sliding_window_view(passing, size), axis=1)
        start[node] = int(np.lexsort(windows.T[::-1])[0])
        stop[node] = start[node] + size
        passing[start[node] : stop[node]] += tables.rate[node, size - 1]
    return start, stop


def single_pipeline(tables: Tables) -> tuple[Ints, Ints]:
    """One pipeline along links, its slowest node as fast as these paths allow; others fill up."""
    for goal in np.unique(tables.rate[tables.rate > 0])[::-1].tolist():
        for path in _paths(tables, goal):
            sizes = _sizes(tables, path, goal)
            if sizes is not None:
                ranges = np.full((tables.nodes, 2), -1)
                ends = np.cumsum([0, *sizes])
                for place, node in enumerate(path[: len(sizes)]):
                    ranges[node] = ends[place], ends[place + 1]
                return filled(tables, ranges, tables.most)
    return filled(tables, np.full((tables.nodes, 2), -1), tables.most)


def _paths(tables: Tables, goal: int) -> Iterator[list[int]]:
    """Paths along links of at least `goal`, each next node the least linked or the largest."""
    most = (np.arange(1, tables.rate.shape[1] + 1) * (tables.rate >= goal)).max(axis=1)
    usable = most > 0
    linked = (tables.link >= goal) & usable & usable[:, np.newaxis]
    degree = linked.sum(axis=1)
    first = usable & (tables.source >= goal)
    if not first.any():
        return
    for order in (np.lexsort((-most, degree)), np.lexsort((degree, -most))):
        rank = np.empty(tables.nodes, dtype=np.int64)
        rank[order] = np.arange(tables.nodes)
        path = [int(np.flatnonzero(first)[rank[first].argmin()])]
        free = usable.copy()
        free[path[0]] = False
        while (nexts := np.flatnonzero(linked[path[-1]] & free)).size:
            path.append(int(nexts[rank[nexts].argmin()]))
            free[path[-1]] = False
        yield path


def _sizes(tables: Tables, path: list[int], goal: int) -> list[int] | None:
    """Layers per node of the shortest part of a path that can hold all of them at `goal`."""
    ends = [{0: 0}]
    for place, node in enumerate(path):
        sizes = (np.flatnonzero(tables.rate[node] >= goal) + 1).tolist()
        ends.append({end + k: k for end in ends[-1] for k in sizes if end + k <= tables.layers})
        if tables.layers in ends[-1] and tables.sink[node] >= goal:
            found, at = [], tables.layers
            for reached in reversed(ends[1 : place + 2]):
                found.append(reached[at])
                at -= reached[at]
            return found[::-1]
    return None
