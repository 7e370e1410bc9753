"""Tokens through a cluster, place by place: nodes and links in an order that tokens follow.

No token comes back to a place that it has passed, so that each can be worked off by itself once all
before it are: the tokens that come, when they come, and of those that wait the one sent first.
"""

from collections.abc import Hashable, Mapping, Sequence
from graphlib import TopologicalSorter
from heapq import heappop, heappush


def leave(
    routes: Sequence[Sequence[Hashable]], comes: Sequence[int], takes: Mapping[Hashable, int]
) -> list[int]:
    """When each token leaves its last place.

    routes: places per token; comes: when it comes to the first; takes: how long a place holds one.
    """
    before: dict[Hashable, set[Hashable]] = {}
    for route in routes:
        for place, behind in zip(route, [None, *route], strict=False):
            before.setdefault(place, set()).update(set() if behind is None else {behind})
    at = list(comes)
    passing: dict[Hashable, list[int]] = {place: [] for place in before}
    for token, route in enumerate(routes):
        for place in route:
            passing[place].append(token)
    for place in TopologicalSorter(before).static_order():
        _work_off(passing[place], at, takes[place])
    return at


def _work_off(tokens: list[int], at: list[int], takes: int) -> None:
    """One place: from when tokens come to when they leave, in place."""
    coming = sorted((at[token], token) for token in tokens)
    waiting: list[int] = []
    free = 0
    while coming or waiting:
        if not waiting:
            free = max(free, coming[0][0])
        while coming and coming[0][0] <= free:
            heappush(waiting, coming.pop(0)[1])
        free += takes
        at[heappop(waiting)] = free
