"""The best chunks for given stages: TeraPipe's program, its generalisation, and the exact labels.

machines: [K, E] ns of each arc on each machine of the flow shop, UNREACHABLE without room.
"""

from collections.abc import Iterator

import numpy as np

from solvers.base import UNREACHABLE, Stopwatch
from solvers.tables.sequence_pipeline import Chunks, Ints, Tables, makespan


def shortest_path(tables: Tables, cost: Ints) -> Chunks | None:
    """The arcs of least total cost from the first token to the last, None where none lead there.

    cost: [E], UNREACHABLE for an arc that may not be taken.
    """
    size = len(tables.position)
    matrix = np.full((size, size), UNREACHABLE, dtype=np.int64)
    matrix[tables.begin, tables.end] = cost
    best = np.full(size, UNREACHABLE, dtype=np.int64)
    best[0] = 0
    parent = np.zeros(size, dtype=np.int64)
    for j in range(1, size):
        total = best[:j] + matrix[:j, j]
        parent[j] = total.argmin()
        best[j] = min(UNREACHABLE, int(total[parent[j]]))
    if best[-1] >= UNREACHABLE:
        return None
    path: list[int] = []
    j = size - 1
    while j > 0:
        i = int(parent[j])
        path.append(int(tables.arc[i, j]))
        j = i
    return tuple(path[::-1])


def least_and_spread(tables: Tables, cost: Ints) -> tuple[int, int]:
    """The least time of a chunk, and by how much that of all chunks exceeds it; ns."""
    path = shortest_path(tables, cost)
    if path is None:
        return UNREACHABLE, 0
    least = int(cost.min())
    return least, sum(int(cost[e]) for e in path) - least


def capped_paths(tables: Tables, total: Ints, peak: Ints, most: int = 10**9) -> Iterator[Chunks]:
    """For each value of `peak` as a cap, ascending, the path of least `total` under it.

    most: of so many caps, evenly spread and the largest among them.

    TeraPipe (Li et al., 2021, §3.3): with total = peak = a stage's time, and a cap for the longest
    chunk, some path minimises Σ t + (D - 1) max t. Equal paths come once.
    """
    seen: set[Chunks] = set()
    caps = np.unique(peak[peak < UNREACHABLE])[::-1]
    for cap in caps[:: max(1, -(-len(caps) // most))][::-1].tolist():
        path = shortest_path(tables, np.where(peak <= cap, total, UNREACHABLE))
        if path is not None and path not in seen:
            seen.add(path)
            yield path


def bottleneck(machines: Ints) -> int:
    """The machine that takes longest for all tokens, by its shortest time per arc in sum."""
    work = np.where(machines < UNREACHABLE, machines, 0).astype(np.float64).sum(axis=1)
    return int(work.argmax())


def good_path(
    tables: Tables, machines: Ints, watch: Stopwatch, most: int = 10**9
) -> tuple[int, Chunks] | None:
    """The path that ranks first by the recursion among the best for the closed formula.

    most: how many caps are tried, evenly spread.

    Under a cap on what a chunk takes beside the slowest machine, the least sum on that machine:
    where the time factorises these paths hold the minimum of the formula.
    """
    slowest = machines[bottleneck(machines)]
    open_ = slowest < UNREACHABLE
    beside = np.where(open_, np.where(open_, machines, 0).sum(axis=0) - slowest, UNREACHABLE)
    best: tuple[int, Chunks] | None = None
    for path in capped_paths(tables, slowest, beside, most):
        value = makespan(machines, path)
        if best is None or (value, path) < best:
            best = value, path
        if watch.expired():
            break
    return best


def completion(tables: Tables, machines: Ints) -> Ints:
    """[K, N + 1] what is still to come on a machine from a boundary on, at least, ns.

    The chunks that are left on that machine, then the last of them on all later machines.
    """
    later = np.where(machines < UNREACHABLE, machines, 0)
    later = later[::-1].cumsum(axis=0)[::-1] - later
    last = tables.arriving[-1]
    size = len(tables.position)
    steps = np.full((len(machines), size, size), UNREACHABLE, dtype=np.int64)
    steps[:, tables.begin, tables.end] = machines
    steps[:, tables.begin[last], -1] += later[:, last]
    rest = np.zeros((len(machines), size), dtype=np.int64)
    for i in range(size - 2, -1, -1):
        ahead = steps[:, i, i + 1 :] + rest[:, i + 1 :]
        rest[:, i] = np.minimum(UNREACHABLE, ahead.min(axis=1))
    return rest


def lower_bound(tables: Tables, machines: Ints, rest: Ints) -> int:
    """No path takes less: first chunk, then one machine's work, then the last chunk; ns."""
    first = np.flatnonzero((tables.begin == 0) & (machines[0] < UNREACHABLE))
    if len(first) == 0:
        return UNREACHABLE
    head = machines[:, first].cumsum(axis=0)
    whole = tables.end[first] == len(tables.position) - 1
    more = (head + rest[:, tables.end[first]]).max(axis=0)
    return min(UNREACHABLE, int(np.where(whole, head[-1], more).min()))


def best_path(
    tables: Tables, machines: Ints, rest: Ints, upper: int, watch: Stopwatch
) -> tuple[int, Chunks] | None:
    """The path of least makespan below `upper`, or None; exact unless the watch expired.

    Labels are the times at which each machine is free at a boundary; one that is no earlier
    anywhere than another cannot lead to less, and neither can one that `rest` takes to `upper`.
    """
    size = len(tables.position)
    arrived = [np.zeros((int(n == 0), len(machines)), dtype=np.int64) for n in range(size)]
    origin = [np.zeros((int(n == 0), 2), dtype=np.int64) for n in range(size)]
    for j in range(1, size):
        if watch.expired():
            return None
        arcs = tables.arriving[j]
        arcs = arcs[machines[0, arcs] < UNREACHABLE]
        if not len(arcs):
            continue
        before = [arrived[i] for i in tables.begin[arcs].tolist()]
        last = arcs.repeat([len(labels) for labels in before])
        labels = _advanced(np.concatenate(before), machines[:, last].T)
        parents = np.stack(
            [last, np.concatenate([np.arange(len(labels)) for labels in before])], axis=1
        )
        ahead = labels[:, -1] if j == size - 1 else (labels + rest[:, j]).max(axis=1)
        promising = ahead < upper
        kept = _undominated(labels[promising], only_last=j == size - 1)
        arrived[j], origin[j] = labels[promising][kept], parents[promising][kept]
    if not len(arrived[-1]):
        return None
    return int(arrived[-1][0, -1]), _traced(tables, origin)


def _advanced(labels: Ints, work: Ints) -> Ints:
    """The labels after one more chunk each; work: [n, K]."""
    after = np.empty_like(labels)
    at = np.zeros(len(labels), dtype=np.int64)
    for machine in range(labels.shape[1]):
        at = np.maximum(at, labels[:, machine]) + work[:, machine]
        after[:, machine] = at
    return after


def _undominated(labels: Ints, *, only_last: bool) -> Ints:
    """Indices of labels that no other one is as early as everywhere; of equals the first."""
    if only_last:
        return labels[:, -1].argsort(kind="stable")[:1]
    order = np.lexsort(labels.T)
    kept: list[int] = []
    front = np.empty_like(labels)
    for index in order.tolist():
        if not (front[: len(kept)] <= labels[index]).all(axis=1).any():
            front[len(kept)] = labels[index]
            kept.append(index)
    return np.array(kept, dtype=np.int64)


def _traced(tables: Tables, origin: list[Ints]) -> Chunks:
    path: list[int] = []
    j, label = len(origin) - 1, 0
    while j > 0:
        e, label = (int(value) for value in origin[j][label])
        path.append(e)
        j = int(tables.begin[e])
    return tuple(path[::-1])
