"""What of a placement's columns can be in a best plan, and the patterns over its clients."""

import numpy as np

from models.problems.offload_placement import OffloadPlacementProblem, TokenLatency
from solvers.tables.offload_placement_build import Columns, Ints


def undominated(columns: Columns) -> Ints:
    """Columns to keep, by client: those cheaper than its cheapest free one, and that one."""
    (loss_row, loss), (busy_row, _), (own_row, own) = columns.uses
    bases = np.append((columns.base_row < 0) & (columns.base_price == 0), np.True_)
    free_copy = (columns.room_row < 0) & (columns.price == 0) & bases[columns.base]
    lossless = (loss_row < 0) | (loss == 0)
    free = free_copy[columns.copy] & lossless & (busy_row < 0) & (own_row >= 0) & (own < 0)
    order = np.lexsort((np.arange(len(columns.client)), columns.time, ~free, columns.client))
    first = order[np.unique(columns.client[order], return_index=True)[1]]
    limit = np.full(columns.clients, np.iinfo(np.int64).max)
    best = first[free[first]]
    limit[columns.client[best]] = columns.time[best]
    keep = columns.time < limit[columns.client]
    # Nobody activates it: all its times weigh nothing.
    idle = np.zeros(columns.clients, dtype=np.bool_)
    idle[columns.client[best]] = columns.weight[best] == 0
    keep &= ~idle[columns.client]
    keep[best] = True
    kept = np.flatnonzero(keep)
    ordered: Ints = kept[np.argsort(columns.client[kept], kind="stable")]
    return ordered


def patterns_of(problem: OffloadPlacementProblem) -> tuple[Ints, Ints, Ints] | None:
    """Tokens [P], their clients, flat, and starts [P + 1]; None where times add up."""
    if problem.objective is not TokenLatency.MAX:
        return None
    site = {name: number for number, name in enumerate(problem.sites)}
    tokens, clients, starts, at = [], [], [0], 0
    for layer in problem.layers:
        for pattern in layer.patterns:
            tokens.append(pattern.tokens)
            clients += [at + site[pattern.site] * layer.experts + i for i in pattern.experts]
            starts.append(len(clients))
        at += len(problem.sites) * layer.experts
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, tokens]).astype(np.int64),
        np.concatenate([none, clients]).astype(np.int64),
        np.array(starts, dtype=np.int64),
    )
