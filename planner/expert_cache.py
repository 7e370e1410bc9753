"""Pins and a dynamic cache on one holder, sized by replaying a trace of expert uses.

A trace is the sequence of experts in the order of use, numbered layer · experts + expert, all of
one size; a cache has so many slots. Fixed policies, by name:

    lru      the least recently used leaves             lfu     the least often used so far leaves
    static   the most used of the planning half, never changed
    half     half of the slots static, the rest lru
    belady   the one used farthest in the future leaves (Belady, IBM Systems Journal 5, 1966):
             no policy misses less; a bound, not a plan

`choose` replays splits of the slots between pins and lru or lfu, among them all of the fixed
policies, so that its choice misses no more than they do on what it has seen. On what it has not it
may.

A decoder touches top-k experts in each layer before it comes back to the first: with no more slots
than such a token cycle less the top-k of one layer, every expert has left an LRU cache before it is
used again, and it hits exactly never. There pins are all that is left.
"""

import heapq
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

STATIC, LRU, LFU, HALF, BELADY = "static", "lru", "lfu", "half", "belady"
# Eighths of the slots that are tried as pins.
_PARTS = 8


@dataclass(frozen=True)
class Choice:
    """The experts pinned, the slots left to a dynamic cache, its policy, and hits when chosen."""

    pins: tuple[int, ...]
    dynamic_slots: int
    policy: str
    hits: int
    note: str = ""


def hits(trace: Sequence[int], slots: int, policy: str, seen: Sequence[int] | None = None) -> int:
    """Uses that a fixed policy serves from its slots; seen: the trace that pins are taken from."""
    ranked = most_used(trace if seen is None else seen)
    if policy == STATIC:
        return replay(trace, ranked[:slots], 0, LRU)
    if policy == HALF:
        return replay(trace, ranked[: slots // 2], slots - slots // 2, LRU)
    if policy == BELADY:
        return _belady(trace, slots)
    return replay(trace, (), slots, policy)


def most_used(trace: Sequence[int]) -> tuple[int, ...]:
    """Experts by uses, the most used first, ties by number."""
    counts = Counter(trace)
    return tuple(sorted(counts, key=lambda expert: (-counts[expert], expert)))


def replay(trace: Sequence[int], pins: Sequence[int], slots: int, policy: str) -> int:
    """Hits of pins together with a dynamic cache that starts empty; policy: lru or lfu."""
    pinned = frozenset(pins)
    rest = [expert for expert in trace if expert not in pinned]
    found = len(trace) - len(rest)
    if slots == 0:
        return found
    return found + (_lru(rest, slots) if policy == LRU else _lfu(rest, slots))


def choose(seen: Sequence[int], slots: int, cycle: int, top_k: int) -> Choice:
    """The split and policy with the most hits on a trace; cycle: uses per token in all layers."""
    ranked = most_used(seen)
    best: Choice | None = None
    counts = sorted({slots * part // _PARTS for part in range(_PARTS + 1)} | {slots // 2})
    for count in reversed(counts):
        pins = ranked[:count]
        for policy in (LRU, LFU) if count < slots else (STATIC,):
            found = replay(seen, pins, slots - count, policy)
            if best is None or found > best.hits:
                best = Choice(pins, slots - count, policy, found)
    if best is None:
        raise ValueError("a cache has 0 slots or more")
    note = ""
    if slots <= cycle - top_k:
        note = (
            f"{slots} slots are below one token cycle ({cycle} uses, {cycle - top_k} of them in "
            "other layers): an LRU cache of them hits exactly never"
        )
    return Choice(best.pins, best.dynamic_slots, best.policy, best.hits, note)


def _lru(trace: Sequence[int], slots: int) -> int:
    cache: OrderedDict[int, None] = OrderedDict()
    found = 0
    for expert in trace:
        if expert in cache:
            found += 1
            cache.move_to_end(expert)
            continue
        if len(cache) == slots:
            cache.popitem(last=False)
        cache[expert] = None
    return found


def _lfu(trace: Sequence[int], slots: int) -> int:
    """Uses are counted whether inside or not; ties leave the least recently used."""
    count: Counter[int] = Counter()
    last: dict[int, tuple[int, int]] = {}
    heap: list[tuple[int, int, int]] = []
    found = 0
    for now, expert in enumerate(trace):
        count[expert] += 1
        if expert in last:
            found += 1
        elif len(last) == slots:
            while True:
                uses, at, old = heapq.heappop(heap)
                if last.get(old) == (uses, at):
                    del last[old]
                    break
        last[expert] = (count[expert], now)
        heapq.heappush(heap, (count[expert], now, expert))
    return found


def _belady(trace: Sequence[int], slots: int) -> int:
    """An expert that is used farther ahead than all inside does not enter at all."""
    if slots == 0:
        return 0
    ahead, following = [0] * len(trace), dict[int, int]()
    for now in range(len(trace) - 1, -1, -1):
        ahead[now] = following.get(trace[now], len(trace) + trace[now])
        following[trace[now]] = now
    inside: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    found = 0
    for now, expert in enumerate(trace):
        if expert in inside:
            found += 1
        elif len(inside) == slots:
            while inside.get(heap[0][1]) != -heap[0][0]:
                heapq.heappop(heap)
            if -heap[0][0] < ahead[now]:
                continue
            del inside[heapq.heappop(heap)[1]]
        inside[expert] = ahead[now]
        heapq.heappush(heap, (-ahead[now], expert))
    return found
