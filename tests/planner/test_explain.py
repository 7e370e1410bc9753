"""What all explanations rest on: searches by question, conflicts, prices of rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.result import Verification
from planner.explain.clock import Least, Optimum, TimeUpError, least
from planner.explain.conflict import conflict
from planner.explain.price import known_with_plan, price, standing
from planner.explain.words import few


@given(amounts=st.sets(st.integers(1, 10**12), min_size=1, max_size=20), lazy=st.booleans())
def test_least(amounts: set[int], *, lazy: bool) -> None:
    """Whether plans use all they may or not, the least amount comes out, in few questions."""
    needed = min(amounts)
    asked = 0

    def need(within: int) -> int | None:
        nonlocal asked
        asked += 1
        if within < needed:
            return None
        return within if lazy else max(amount for amount in amounts if amount <= within)

    assert least(0, max(amounts), need) == Least(needed, proved=True)
    assert asked <= 2 * 41


def test_least_without_time() -> None:
    """What is known to be enough when time runs out is told, but not as the least."""
    answers = iter([None, 70])

    def need(_: int) -> int | None:
        try:
            return next(answers)
        except StopIteration:
            raise TimeUpError from None

    assert least(0, 100, need) == Least(70, proved=False)


def test_conflicts() -> None:
    """Rules that are not needed are left out; where that is unsettled they stay, and it is said."""
    assert conflict("abc", lambda kept: "b" not in kept).line() == "one rule stands in the way: b"
    both = conflict("abc", lambda kept: not {"a", "c"} <= set(kept))
    assert (both.rules, both.smallest) == (("a", "c"), True)

    def busy(_: object) -> bool:
        raise TimeUpError

    found = conflict("ab", busy)
    assert (found.rules, found.smallest) == (("a", "b"), False)
    assert found.line().endswith("time ran out before it was known whether fewer conflict")


_SETTLED = Optimum(100, 100)


@pytest.mark.parametrize(
    ("here", "other", "words"),
    [
        (_SETTLED, Optimum(80, 80), "costs 20 ns: without it the optimum would be 80 ns (-20.0 %)"),
        (_SETTLED, _SETTLED, "costs nothing"),
        (Optimum(None, 100), Optimum(100, None), "costs nothing"),
        (Optimum(None, 100), Optimum(80, 80), "costs at most 20 ns"),
        (_SETTLED, Optimum(70, 90), "costs at least 10 ns and at most 30 ns"),
        (_SETTLED, Optimum(None, 90), "costs at least 10 ns"),
        (_SETTLED, Optimum(80, None), "costs at most 20 ns"),
    ],
)
def test_prices(here: Optimum, other: Optimum, words: str) -> None:
    """A price is exact only where both optima are, else it is bounded by what is known."""
    assert price("memory", here, other, "ns") == f"memory {words}"


@pytest.mark.parametrize("here", [Optimum(), Optimum(5, None), Optimum(None, 5)])
def test_unknown_prices(here: Optimum) -> None:
    """Nothing known of the other optimum, nothing said."""
    assert price("memory", here, Optimum(), "ns") == "what memory costs is not known in time"


def test_standing() -> None:
    """A plan is the best, worse than another, or not known to be either."""
    best, worse = (Verification(violations=(), objective=cost) for cost in (100, 120))
    assert standing(best, _SETTLED, "ns") == "no plan is better"
    assert standing(worse, _SETTLED, "ns") == "the best plan costs 100 ns: 20 ns less"
    better = known_with_plan(Optimum(90, 110), worse)
    assert standing(worse, better, "ns") == "a better plan costs 110 ns: 10 ns less"
    unsettled = known_with_plan(Optimum(90, 130), worse)
    assert standing(worse, unsettled, "ns") == "whether a better plan exists is not known in time"


def test_few() -> None:
    """Five names are written out, a sixth is counted."""
    assert few("abcde") == "a, b, c, d, e"
    assert few("abcdefg") == "a, b, c, d, e and 2 more"
