"""Intervals and tests that assume no distribution.

Bootstrap percentile intervals after Efron (1979); the signed-rank test of Wilcoxon (1945) with its
exact distribution, ties given their mean rank, by a dynamic program over rank sums, which is the
permutation test over all sign flips; Holm's (1979) correction for many tests.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_DRAWS = 2000


def bootstrap(
    values: Sequence[float], statistic: Callable[..., Floats], level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """The interval of a statistic (np.mean, np.median) over values; equal input, equal interval.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("no values")
    rng = np.random.default_rng(seed)
    sample = np.asarray(values, dtype=np.float64)
    drawn = sample[rng.integers(0, len(sample), (_DRAWS, len(sample)))]
    found = statistic(drawn, axis=1)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def signed_rank(differences: Sequence[float]) -> float:
    """How likely differences this much above 0 are if their signs are a coin's (one-sided).

    Zeros count neither way and are left out; 1 where nothing is left. Exact.
    """
    found = np.asarray([d for d in differences if d != 0], dtype=np.float64)
    if not len(found):
        return 1.0
    doubled = _doubled_ranks(np.abs(found))
    total = int(doubled[found > 0].sum())
    # ways[s]: share of the sign patterns whose positive ranks, doubled, add up to s.
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for rank in doubled.tolist():
        shifted = np.zeros_like(ways)
        shifted[rank:] = ways[: len(ways) - rank]
        ways = (ways + shifted) / 2
    return float(min(1.0, ways[total:].sum()))


def _doubled_ranks(sizes: Floats) -> npt.NDArray[np.int64]:
    """Twice the rank of each value, from 1; equal values share their mean, so twice is whole."""
    ordered = np.sort(sizes)
    first = np.searchsorted(ordered, sizes, side="left")
    last = np.searchsorted(ordered, sizes, side="right")
    return np.asarray(first + 1 + last, dtype=np.int64)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values: below alpha for none of the true hypotheses but in alpha of all runs."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for done, index in enumerate(order):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - done)))
        adjusted[index] = largest
    return adjusted
