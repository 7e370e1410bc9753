"""An upper bound on the flow through any placement, from what every layer needs.

A flow of T passes every layer l, so the rates of the nodes that hold it add up to T. More is true
where some nodes N have no links among each other (hosts behind gateways): between two layers l and
l + w a token stays in one node of N that holds all of l, …, l + w, or it comes by one of the
others, H, that holds at least one of them:

    Σ_{i of N that hold l … l+w} rate  +  Σ_{i of H that hold any of them} rate  ≥  T

since these nodes are a cut: with into(i) before it where start ≤ l (N) or ≤ l + w (H), and out(i)
before it where stop ≤ l + w (N) or ≤ l (H), no link leads across. With k layers a node of N counts
in max(0, k - w) of the layers - w windows and one of H in k + w at most. With any divisor d, each
rate may be counted as ceil(min(rate, T) / d) against ceil(T / d) (Chvátal 1973). If even the best
k of every node does not come up to the sum over all windows, no placement lets T pass.
"""

import numpy as np

from solvers.tables.serving_flow import Bools, Ints, Tables

# Widest window, and how many nodes side by side the rounding looks at.
_WIDEST, _SHARES = 12, 40


def upper_bound(tables: Tables) -> int:
    """No placement lets more pass, µtokens/s; by bisection on what is refuted."""
    alone = apart(tables)
    low, high = 0, tables.bound + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _refuted(tables, alone, middle):
            high = middle
        else:
            low = middle
    return low


def apart(tables: Tables) -> Bools:
    """[n] nodes without links among each other, those with the fewest links first."""
    linked = (tables.link > 0) | (tables.link.T > 0)
    chosen = np.zeros(tables.nodes, dtype=np.bool_)
    for node in np.argsort(linked.sum(axis=1), kind="stable").tolist():
        chosen[node] = not (linked[node] & chosen).any()
    return chosen


def _refuted(tables: Tables, alone: Bools, goal: int) -> bool:
    top = tables.rate.max(axis=1)
    for ends in (tables.source, tables.sink):
        if int(np.minimum(ends, top).sum()) < goal:
            return True
    rates = np.minimum(tables.rate, goal)
    below = tables.rate[(tables.rate > 0) & (tables.rate < goal)]
    shares = {max(1, (goal - 1) // share) for share in range(1, _SHARES + 1)}
    for divisor in sorted({1, *shares, *np.unique(below).tolist()}):
        counts = -(-rates // divisor)
        for width in range(min(_WIDEST, tables.layers - 1) + 1 if alone.sum() > 1 else 1):
            held = (counts * windows(tables, alone, width)).max(axis=1).sum()
            if int(held) < (tables.layers - width) * -(-goal // divisor):
                return True
    return False


def windows(tables: Tables, alone: Bools, width: int) -> Ints:
    """[n, K] in how many windows a node with k layers counts at most."""
    k = np.arange(1, tables.rate.shape[1] + 1)
    inside = np.maximum(k - width, 0)
    touching = np.minimum(k + width, tables.layers - width)
    found: Ints = np.where(alone[:, np.newaxis], inside, touching)
    return found
