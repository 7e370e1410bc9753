"""Pins and a dynamic cache on one holder, sized by replaying a trace of expert uses.

A trace is the sequence of experts in the order of use, numbered layer · experts + expert, all of
one size; a cache has so many slots. Fixed policies, by name:

    lru      the least recently used leaves             lfu     the least often used so far leaves
    static   the most used of the planning half, never changed
    half     half of the slots static, the rest lru
    belady   the one used farthest in the future leaves (Belady, IBM Systems Journal 5, 1966),
             and what is used first is there from the start, as pins are: no policy misses less;
             a bound, not a plan

`choose` replays splits of the slots between pins and lru or lfu, among them all of the fixed
policies, so that its choice misses no more than they do on what it has seen. On what it has not it
may.

A decoder touches top-k experts in each layer before it comes back to the first: with no more slots
than what it touches in between, every expert has left an LRU cache before it is used again, and it
hits exactly never. Where this cliff is, `least_lru_slots` finds in the trace itself. Below it pins
are all that is left, or LFU, which turns the most used experts into pins.
"""

import heapq
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from models.expert_cache import CacheSize, ChosenCache, ExpertCache, ReplayedPolicy
from problem_instances.readers.routing import Routing, sequences

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


def choose(seen: Sequence[int], slots: int) -> Choice:
    """The split and policy with the most hits on a trace; of equal ones that with most pins."""
    return _best(seen, slots, _replays(seen, slots))


def _best(seen: Sequence[int], slots: int, replays: dict[tuple[int, str], int]) -> Choice:
    (count, policy), found = max(replays.items(), key=lambda item: item[1])
    return Choice(most_used(seen)[:count], slots - count, policy, found)


def _replays(seen: Sequence[int], slots: int) -> dict[tuple[int, str], int]:
    """Hits by number of pins, the largest first, and policy of the rest."""
    ranked = most_used(seen)
    counts = {slots * part // _PARTS for part in range(_PARTS + 1)} | {slots // 2}
    return {
        (count, policy): replay(seen, ranked[:count], slots - count, policy)
        for count in sorted(counts, reverse=True)
        for policy in ((LRU, LFU) if count < slots else (STATIC,))
    }


def least_lru_slots(trace: Sequence[int]) -> int | None:
    """Slots of the smallest LRU cache that hits at all, None where nothing is used twice.

    What a smaller one holds a larger one holds, too (Mattson et al., IBM Systems Journal 9, 1970),
    so that halving finds it.
    """
    low, high = 0, len(set(trace))
    if len(trace) == high:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _lru(trace, middle) else (middle, high)
    return high


def swept(found: Routing, sizes: Sequence[int], planned_tokens: int) -> ExpertCache:
    """Every size replayed on the first tokens of a routing and on the rest.

    Policies start the rest with empty caches and the pins of the first.
    """
    begun = time.monotonic_ns()
    least = cliff(found, planned_tokens)
    replayed = tuple(at_size(found, slots, planned_tokens, least) for slots in sizes)
    return gathered(found, planned_tokens, least, replayed, time.monotonic_ns() - begun)


def gathered(
    found: Routing,
    planned_tokens: int,
    least: int | None,
    sizes: tuple[CacheSize, ...],
    wall_ns: int,
) -> ExpertCache:
    """Sizes that have been replayed, together; least: the `cliff`."""
    cycle = found.layers * found.top_k
    return ExpertCache(
        uses=planned_tokens * cycle,
        held_out_uses=(found.tokens - planned_tokens) * cycle,
        cycle=cycle,
        least_lru_slots=least,
        sizes=sizes,
        wall_ns=wall_ns,
    )


def cliff(found: Routing, planned_tokens: int) -> int | None:
    """The `least_lru_slots` of the first tokens."""
    return least_lru_slots(_halves(found, planned_tokens)[0])


def at_size(found: Routing, slots: int, planned_tokens: int, least: int | None) -> CacheSize:
    """One size replayed, see `swept`; least: the `cliff`."""
    seen, rest = _halves(found, planned_tokens)
    return _size(seen, rest, slots, (least, found.layers * found.top_k))


def _halves(found: Routing, planned_tokens: int) -> tuple[list[int], list[int]]:
    uses = sequences(found)
    return uses[:planned_tokens].ravel().tolist(), uses[planned_tokens:].ravel().tolist()


def _size(
    seen: Sequence[int], rest: Sequence[int], slots: int, cliff: tuple[int | None, int]
) -> CacheSize:
    replays = _replays(seen, slots)
    choice = _best(seen, slots, replays)
    known = {
        LRU: replays[0, LRU],
        LFU: replays[0, LFU],
        STATIC: replays[slots, STATIC],
        HALF: replays[slots // 2, LRU],
        BELADY: _belady(seen, slots),
    }
    return CacheSize(
        slots=slots,
        fixed=tuple(
            ReplayedPolicy(policy=policy, hits=found, held_out_hits=hits(rest, slots, policy, seen))
            for policy, found in known.items()
        ),
        chosen=ChosenCache(
            policy=choice.policy,
            hits=choice.hits,
            held_out_hits=replay(rest, choice.pins, choice.dynamic_slots, choice.policy),
            pins=choice.pins,
            dynamic_slots=choice.dynamic_slots,
        ),
        note=_note(slots, *cliff),
    )


def _note(slots: int, least: int | None, cycle: int) -> str:
    if least is None:
        return "no expert is used twice: no cache hits, pins hit once each"
    if slots >= least:
        return ""
    return (
        f"below the cliff: an expert is used again after {least - 1} others at the soonest (a "
        f"token cycle is {cycle} uses), so that an LRU cache of {slots} slots hits exactly never"
    )


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
    """Uses are counted whether inside or not; ties leave the least recently used.

    Rank: uses · length + time of the last use, which names the expert, too. It only grows, so that
    the heap has each expert once, with an old rank, brought up to date when it comes to the top.
    """
    span = len(trace)
    uses: dict[int, int] = {}
    rank: dict[int, int] = {}
    heap: list[int] = []
    found = 0
    for now, expert in enumerate(trace):
        times = uses[expert] = uses.get(expert, 0) + span
        if expert in rank:
            found += 1
        elif len(rank) < slots:
            heapq.heappush(heap, times + now)
        else:
            old = trace[heap[0] % span]
            while rank[old] != heap[0]:
                heapq.heapreplace(heap, rank[old])
                old = trace[heap[0] % span]
            del rank[old]
            heapq.heapreplace(heap, times + now)
        rank[expert] = times + now
    return found


def _belady(trace: Sequence[int], slots: int) -> int:
    """An expert that is used farther ahead than all inside does not enter at all."""
    if slots == 0:
        return 0
    ahead, following = [0] * len(trace), dict[int, int]()
    for now in range(len(trace) - 1, -1, -1):
        ahead[now] = following.get(trace[now], len(trace) + trace[now])
        following[trace[now]] = now
    first = sorted(following.items(), key=lambda item: item[1])[:slots]
    inside: dict[int, int] = dict(first)
    heap: list[tuple[int, int]] = sorted((-now, expert) for expert, now in first)
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
