"""Tables are built once for methods in a row, and no method changes them."""

from types import SimpleNamespace

import numpy as np
import pytest

from solvers.tables.kept import kept
from solvers.tables.pipeline_partition import build
from tests.small import two_devices


def test_the_same_problem_is_built_once() -> None:
    """The last problem's tables come again; those of an equal but different one do not."""
    built = []

    @kept
    def build_list(problem: list[int]) -> SimpleNamespace:
        built.append(problem)
        return SimpleNamespace(sizes=np.array(problem))

    one, other = [1, 2], [1, 2]
    assert build_list(one) is build_list(one)
    assert build_list(other) is not build_list(one)
    assert len(built) == 3


def test_kept_tables_cannot_be_changed() -> None:
    """Their arrays are read-only."""
    tables = build(two_devices())
    with pytest.raises(ValueError, match="read-only"):
        tables.time[0, 0] = 1
