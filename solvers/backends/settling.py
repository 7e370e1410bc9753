"""From a floating-point solver's values to a point of integers that keeps to all rows."""

import numpy as np

from solvers.integer_program import NO_LIMIT, Array, Floats, IntegerProgram

# Columns of a wider range are no decisions but what follows from them.
_WIDE = 2**10
_FEW = 4


def settled(program: IntegerProgram, values: Floats) -> Array | None:
    """[n] the integer point that floating-point values stand for; None where it breaks a row.

    Of the columns that need not be whole, those of a wide range (a largest load) get the least
    that the others leave them: rounding would take the tolerances for part of them.
    """
    point = np.rint(values).astype(np.int64)
    follows = np.flatnonzero(~program.whole & (program.upper - program.lower > _WIDE))
    # Many of them hang on one another as well, which this does not untangle.
    for column in follows[:_FEW].tolist():
        point[column] = _least(program, point, column)
    return point if program.holds(point) else None


def _least(program: IntegerProgram, point: Array, column: int) -> int:
    """The value of a column nearest to its cheap end that its rows leave it, given the others.

    An integer within its bounds in any case; whether all rows hold is for the caller to see.
    """
    at = np.flatnonzero(program.column == column)
    rows, slope = program.row[at], program.value[at]
    rest = program.activity(point)[rows] - slope * point[column]
    low, high = int(program.lower[column]), int(program.upper[column])
    for row, a, other in zip(rows.tolist(), slope.tolist(), rest.tolist(), strict=True):
        least, most = int(program.row_lower[row]), int(program.row_upper[row])
        sides = (least - other, most - other) if a > 0 else (other - most, other - least)
        if (least if a > 0 else -most) > -NO_LIMIT:
            low = max(low, -(-sides[0] // abs(a)))
        if (most if a > 0 else -least) < NO_LIMIT:
            high = min(high, sides[1] // abs(a))
    end = low if program.cost[column] >= 0 else high
    return min(max(end, int(program.lower[column])), int(program.upper[column]))
