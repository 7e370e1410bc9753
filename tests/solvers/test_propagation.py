"""What rows leave of the columns' bounds: never less than the points of integers that keep them."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.propagation import tightened
from solvers.integer_program import NO_LIMIT, IntegerProgram


@st.composite
def _programs(draw: st.DrawFn) -> IntegerProgram:
    """Up to 3 columns within ±3 and 3 rows, entries of 0 among them."""
    columns, rows = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    value = [draw(st.integers(-3, 3)) for _ in range(columns * rows)]
    lower = [draw(st.integers(-3, 1)) for _ in range(columns)]
    least = [draw(st.one_of(st.just(-NO_LIMIT), st.integers(-6, 3))) for _ in range(rows)]
    most = [draw(st.one_of(st.just(NO_LIMIT), st.integers(-3, 6))) for _ in range(rows)]
    return IntegerProgram(
        cost=np.zeros(columns, dtype=np.int64),
        lower=np.array(lower),
        upper=np.array([low + draw(st.integers(0, 3)) for low in lower]),
        whole=np.ones(columns, dtype=np.bool_),
        row_lower=np.array(least),
        row_upper=np.array(most),
        starts=np.arange(rows + 1) * columns,
        column=np.tile(np.arange(columns), rows),
        value=np.array(value),
    )


@settings(deadline=None, max_examples=200)
@given(program=_programs())
def test_no_point_is_lost(program: IntegerProgram) -> None:
    """Every point of integers that keeps the rows stays within the narrower bounds."""
    ranges = [range(a, b + 1) for a, b in zip(program.lower, program.upper, strict=True)]
    matrix = program.value.reshape(program.rows, program.columns)
    points = [
        point
        for point in np.array(list(product(*ranges)))
        if ((matrix @ point >= program.row_lower) & (matrix @ point <= program.row_upper)).all()
    ]
    found = tightened(program, program.lower, program.upper)
    if found is None:
        assert not points
        return
    for point in points:
        assert ((point >= found[0]) & (point <= found[1])).all()
