"""Who is asked, where routing is a decision: a greedy for the multiple-choice knapsack.

Each cluster starts with the cheapest expert in service that may answer it. Then the step with the
most quality per energy is taken, over and over, while the budget lasts: a better expert in place
of one that is asked or, for k > 1, one more. (The greedy of Sinha and Zoltners, Operations Research
27, 1979, without its reduction to undominated choices.)
"""

import numpy as np

from solvers.tables.expert_selection import Bools, Ints, Tables


def route(tables: Tables, chosen: Bools) -> Bools | None:
    """[C, n] who is asked, or None where the cheapest routing exceeds the budget already."""
    usable = tables.usable & chosen
    spend = tables.energy * tables.weight[:, None]
    worth = tables.quality * tables.weight[:, None]
    asked = np.zeros_like(usable)
    cheapest = np.where(usable, spend, np.iinfo(np.int64).max).argmin(axis=1)
    asked[np.arange(len(cheapest)), cheapest] = True
    left = None if tables.routed_limit is None else tables.routed_limit - int(spend[asked].sum())
    if left is not None and left < 0:
        return None
    while True:
        found = _best_step(tables, usable & ~asked, asked, spend, worth, left)
        if found is None:
            return asked
        cluster, new, old = found
        asked[cluster, new] = True
        cost = int(spend[cluster, new])
        if old is not None:
            asked[cluster, old] = False
            cost -= int(spend[cluster, old])
        left = None if left is None else left - cost


def _best_step(
    tables: Tables, idle: Bools, asked: Bools, spend: Ints, worth: Ints, left: int | None
) -> tuple[int, int, int | None] | None:
    """(cluster, expert to ask, expert to drop) with the most quality per energy, or None."""
    worst = np.where(asked, worth, np.iinfo(np.int64).max).argmin(axis=1)
    full = asked.sum(axis=1) >= tables.asked
    at = np.arange(len(worst))
    gain = worth - np.where(full, worth[at, worst], 0)[:, None]
    cost = spend - np.where(full, spend[at, worst], 0)[:, None]
    possible = idle & (gain > 0)
    if left is not None:
        possible &= cost <= left
    if not possible.any():
        return None
    ratio = np.where(possible, gain / np.maximum(cost, 0.5), -np.inf)
    cluster, expert = np.unravel_index(int(ratio.argmax()), ratio.shape)
    old = int(worst[cluster]) if full[cluster] else None
    return int(cluster), int(expert), old
