"""Replayed caches: against their definitions, the choice, and the cliff."""

from functools import cache
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.expert_cache import (
    HALF,
    LFU,
    LRU,
    STATIC,
    choose,
    hits,
    least_lru_slots,
    most_used,
    replay,
    swept,
)
from problem_instances.readers.routing import routing

TRACES = st.lists(st.integers(0, 7), max_size=40)


def _by_hand(trace: list[int], slots: int) -> int:
    """LRU by its definition: the last `slots` different uses are inside."""
    found = 0
    for now, expert in enumerate(trace):
        recent = list(dict.fromkeys(reversed(trace[:now])))[:slots]
        found += expert in recent
    return found


@settings(max_examples=100)
@given(trace=TRACES, slots=st.integers(0, 9))
def test_lru_is_what_it_is_defined_as(trace: list[int], slots: int) -> None:
    """A use hits when fewer than `slots` others came since the last one."""
    assert hits(trace, slots, LRU) == _by_hand(trace, slots)


@settings(max_examples=100)
@given(trace=TRACES, slots=st.integers(0, 9))
def test_no_policy_beats_belady(trace: list[int], slots: int) -> None:
    """Its hits bound those of every policy, pins that are there from the start included."""
    best = hits(trace, slots, "belady")
    assert max(hits(trace, slots, policy) for policy in (LRU, LFU, STATIC, HALF)) <= best
    assert choose(trace, slots).hits <= best


@settings(max_examples=60)
@given(trace=st.lists(st.integers(0, 3), max_size=6), slots=st.integers(0, 3))
def test_belady_is_the_best_that_can_be(trace: list[int], slots: int) -> None:
    """As many hits as the best of all ways to fill the slots and to let experts leave."""

    @cache
    def most(now: int, inside: frozenset[int]) -> int:
        if now == len(trace):
            return 0
        if trace[now] in inside:
            return 1 + most(now + 1, inside)
        others = [inside - {gone} | {trace[now]} for gone in inside]
        if len(inside) < slots:
            others.append(inside | {trace[now]})
        return max(most(now + 1, found) for found in [inside, *others])

    starts = [frozenset(part) for n in range(slots + 1) for part in combinations(range(4), n)]
    assert hits(trace, slots, "belady") == max(most(0, start) for start in starts)


@settings(max_examples=60)
@given(trace=TRACES, slots=st.integers(0, 9))
def test_the_choice_is_never_worse_than_a_fixed_policy(trace: list[int], slots: int) -> None:
    """On what it was chosen with, and its hits are what a replay of it gives."""
    choice = choose(trace, slots)
    fixed = max(hits(trace, slots, policy) for policy in (LRU, LFU, STATIC, HALF))
    assert choice.hits >= fixed
    policy = LRU if choice.policy == STATIC else choice.policy
    assert replay(trace, choice.pins, choice.dynamic_slots, policy) == choice.hits


def test_below_one_token_cycle_lru_never_hits() -> None:
    """Three layers of two: with four slots nothing of the last token is left, with six all is."""
    token = [0, 1, 10, 11, 20, 21]
    trace = token * 5
    assert hits(trace, 4, LRU) == 0
    assert hits(trace, 6, LRU) == len(trace) - 6
    assert least_lru_slots(trace) == 6
    choice = choose(trace, 4)
    assert choice.policy == STATIC
    assert choice.hits == 20


@settings(max_examples=60)
@given(trace=TRACES)
def test_the_cliff_is_where_lru_begins_to_hit(trace: list[int]) -> None:
    """The smallest LRU cache that hits, by trying all; none where nothing is used twice."""
    sizes = [slots for slots in range(1, 9) if hits(trace, slots, LRU)]
    assert least_lru_slots(trace) == min(sizes, default=None)


def test_sizes_are_replayed_on_both_parts() -> None:
    """Two layers of four experts, one of each per token; the cliff is at two slots."""
    table = np.array([[[0], [1]]] * 3 + [[[2], [1]]])
    found = swept(routing(table, 4), (1, 2), 3)
    assert (found.uses, found.held_out_uses, found.cycle) == (6, 2, 2)
    assert found.least_lru_slots == 2
    small, large = found.sizes
    assert "exactly never" in small.note
    assert not large.note
    assert small.chosen.pins == (0,)
    assert (small.chosen.hits, small.chosen.held_out_hits) == (3, 0)
    assert {p.policy: (p.hits, p.held_out_hits) for p in large.fixed} == {
        LRU: (4, 0), LFU: (4, 0), STATIC: (6, 1), HALF: (5, 0), "belady": (6, 2),
    }  # fmt: skip
    assert "twice" in swept(routing(np.array([[[0]], [[1]]])), (1,), 2).sizes[0].note


def test_pins_are_the_most_used() -> None:
    """Ties go to the smaller number, so that equal traces give equal pins."""
    assert most_used([3, 1, 3, 2, 1, 0]) == (1, 3, 0, 2)
