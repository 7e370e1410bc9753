"""Branch, reduce and bound on a quality of which only values are known."""

import numpy as np
import pytest

from models.result import Limits
from planner.benchmark.expert_selection_black_box import synergy
from solvers.base import Stopwatch
from solvers.search.expert_selection import search


@pytest.mark.parametrize("size", [7, 9])
def test_black_boxes_are_searched_to_the_best(size: int) -> None:
    """A monotone quality known by its values alone ends with the best of all selections."""
    tables = synergy(size)
    found = search(tables, Stopwatch(Limits(), None))
    masks = (np.arange(2**size)[:, None] >> np.arange(size) & 1).astype(np.bool_)
    feasible = np.array([tables.feasible(mask) for mask in masks])
    best = tables.function.values(masks)[feasible].max()
    assert found.complete
    assert found.objective == 10**6 - round(best)
