"""Integer programs by HiGHS, its answer held against the integers.

Points are rounded, completed and checked in exact numbers; the bound is what HiGHS' own is worth
after its tolerances (solvers/backends/resolution.py), rounded up to an integer. An answer never
says more than the numbers carry: a search that has ended with a gap has proved no optimum.
"""

from collections.abc import Callable

import numpy as np

from models.result import Reason
from solvers.backends import highs
from solvers.backends.resolution import whole_bound
from solvers.base import Stopwatch
from solvers.integer_program import NO_LIMIT, Answer, Array, Floats, IntegerProgram

# Every integer up to here has a floating-point number of its own.
_LARGEST = 2**53
_WIDE = 2**10


def solve(
    program: IntegerProgram,
    watch: Stopwatch,
    seed: int = 0,
    start: Array | None = None,
    found: Callable[[Array], None] = lambda _: None,
    bounded: Callable[[int], None] = lambda _: None,
) -> Answer:
    """The optimum, or what was known when the stopwatch expired; from the point `start`.

    Better points and bounds go to `found` and `bounded` as they come, from another thread.
    UNSUPPORTED where a sum may have more than 53 bits.
    """
    if (largest := program.largest_sum()) > _LARGEST:
        detail = f"sums of up to {largest} exceed a double's precision"
        return Answer(Reason.UNSUPPORTED, detail=detail)

    def take(values: Floats) -> None:
        point = settled(program, values)
        if point is not None:
            found(point)

    def take_bound(bound: float) -> None:
        lower = whole_bound(program, bound)
        if lower is not None:
            bounded(lower)

    return _judged(program, highs.solve(program, watch, seed, start, take, take_bound))


def _judged(program: IntegerProgram, answer: highs.Answer) -> Answer:
    point = None if answer.values is None else settled(program, answer.values)
    bound = whole_bound(program, answer.bound)
    reason, detail = answer.reason, answer.detail
    if reason is Reason.COMPLETED:
        if point is None:
            reason, detail = (
                Reason.HEURISTIC,
                "the rounded point breaks a row by less than HiGHS sees",
            )
        elif bound is None or bound < program.objective(point):
            reason, detail = Reason.HEURISTIC, "the search ended; HiGHS' tolerances leave a gap"
    return Answer(reason, point, bound, detail, answer.stats, answer.values)


def settled(program: IntegerProgram, values: Floats) -> Array | None:
    """[n] the integer point that floating-point values stand for; None where it breaks a row.

    Of the columns that need not be whole, those of a wide range (a largest load) get the least
    that the others leave them: rounding would take the tolerances for part of them.
    """
    point = np.rint(values).astype(np.int64)
    for column in np.flatnonzero(~program.whole & (program.upper - program.lower > _WIDE)).tolist():
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
