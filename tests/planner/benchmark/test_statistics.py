"""Intervals and tests against what enumeration and theory say."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.benchmark.statistics import bootstrap, holm, signed_rank


def _enumerated(differences: list[int]) -> float:
    """The p-value by all sign patterns, ranks by counting."""
    found = [abs(d) for d in differences if d]
    ranks = [sum(b < a for b in found) + sum(b <= a for b in found) + 1 for a in found]
    reached = sum(rank for rank, d in zip(ranks, filter(None, differences), strict=True) if d > 0)
    sums = [sum(r for r, up in zip(ranks, signs, strict=True) if up)
            for signs in product((0, 1), repeat=len(ranks))]  # fmt: skip
    return sum(total >= reached for total in sums) / len(sums)


@given(st.lists(st.integers(-4, 4), max_size=9))
def test_signed_rank_is_the_permutation_test(differences: list[int]) -> None:
    """Ties and zeros included, the p-value is the share of sign patterns as extreme."""
    assert signed_rank(differences) == pytest.approx(_enumerated(differences))


def test_signed_rank_is_one_sided() -> None:
    """Twelve growths are no chance; twelve reductions say nothing of growth."""
    assert signed_rank(list(range(1, 13))) == pytest.approx(2**-12)
    assert signed_rank([-d for d in range(1, 13)]) == 1.0


def test_holm_steps_down() -> None:
    """The smallest is multiplied by all, the next by one less, and order is kept."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_value(p_values: list[float]) -> None:
    """Adjusted values are at least the raw ones, at most one, and in the same order."""
    adjusted = holm(p_values)
    assert all(0 <= raw <= found <= 1 for raw, found in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    assert [adjusted[index] for index in order] == sorted(adjusted)


def test_bootstrap_covers_the_mean() -> None:
    """Of 100 samples about 95 intervals hold the true mean; equal input, equal interval."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(100):
        low, high = bootstrap(rng.normal(3, 1, 40).tolist(), np.mean)
        held += low <= 3 <= high
    assert 85 <= held <= 100
    assert bootstrap([1.0, 2.0, 5.0], np.median) == bootstrap([1.0, 2.0, 5.0], np.median)
    with pytest.raises(ValueError, match="no values"):
        bootstrap([], np.mean)
