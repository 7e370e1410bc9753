"""Rows in numbers that floating point tells apart: a program around the one asked for, or within.

HiGHS takes sums that differ by 1e-9 or so of a row's largest numbers for one and the same, and its
presolve and cuts round coefficients by as much: they may cut off a point that keeps to the row
exactly, so that no allowance for tolerances makes the bound right. Of generated programs of a dozen
columns with single bytes beside 10^k it calls a worse point the optimum in 1 of 150 at k = 8, in a
third at k = 9, in 4 of 3,000 at 7, and crashes at 10; at 6 in none of 150.

So a row of whole columns stands as it is only where what its terms can add up to,
Σ_j |a_j| (u_j - l_j), is at most 2^22 times the greatest common divisor of the a_j, the least by
which two of its sums differ. Any other is divided by D and rounded: with x' = x - l ≥ 0

    Σ a_j x'_j ≤ b   becomes   Σ ⌊a_j / D⌋ x'_j ≤ ⌊b / D⌋   which all points of the row keep to
                     or        Σ ⌈a_j / D⌉ x'_j ≤ ⌊b / D⌋   which keeps all its points to the row

Whole columns of a range above 2^8 may be fractional around the program: linear programs return
them with errors above the tolerance of what is whole, and branching on them loses both halves. Rows
with fractional columns stand as they are: what tolerances hide in them has a price
(solvers/backends/resolution.py), unless none of the wide ones costs anything. Of such programs,
where a term exceeds 2^36, nothing that HiGHS says is believed (at 10^12, 1 of 100 is wrong).
"""

from dataclasses import dataclass, replace

import numpy as np

from solvers.integer_program import NO_LIMIT, Array, Bools, IntegerProgram

_TOLD_APART = 2**22
_WIDE = 2**8
_CARRIED = 2**36


def around(program: IntegerProgram) -> IntegerProgram:
    """A program with all points of this one and perhaps more; itself where its numbers will do.

    What bounds it bounds the program; where it has no point the program has none.
    """
    wide = program.whole & (program.upper - program.lower > _WIDE)
    divisor = _divisors(program)
    if divisor.any():
        program = _rounded(program, divisor, up=False)
    return replace(program, whole=program.whole & ~wide) if wide.any() else program


def within(program: IntegerProgram) -> IntegerProgram | None:
    """A program with none but points of this one, perhaps not all; None where no row is coarse.

    But for equations, which stand as around it: there is no rounding them to the inside.
    """
    divisor = _divisors(program)
    return _rounded(program, divisor, up=True) if divisor.any() else None


def hazy(program: IntegerProgram) -> bool:
    """Whether wide fractional columns that cost nothing carry numbers too large for HiGHS."""
    wide = ~program.whole & (program.upper - program.lower > _WIDE)
    if not wide.any() or program.cost[wide].any():
        return False
    widest = np.maximum(np.abs(program.lower), np.abs(program.upper)).astype(np.float64)
    terms = np.abs(program.value).astype(np.float64) * widest[program.column]
    mixed = np.bincount(program.row, weights=wide[program.column], minlength=program.rows) > 0
    return bool((terms[mixed[program.row]] > _CARRIED).any())


def _divisors(program: IntegerProgram) -> Array:
    """[m] what to divide each row by, 0 where it stands."""
    row, divisor = program.row, np.zeros(program.rows, dtype=np.int64)
    mixed = np.bincount(row, weights=~program.whole[program.column], minlength=program.rows) > 0
    span = (program.upper - program.lower)[program.column].astype(np.float64)
    size = np.abs(program.value).astype(np.float64) * span
    total = np.bincount(row, weights=size, minlength=program.rows)
    for at in np.flatnonzero(~mixed & (total > _TOLD_APART)).tolist():
        entries = program.value[program.starts[at] : program.starts[at + 1]].astype(np.int64)
        step = int(np.gcd.reduce(entries))
        if total[at] > _TOLD_APART * step:
            divisor[at] = -(-int(total[at]) // _TOLD_APART)
    return divisor


@dataclass(frozen=True, eq=False)
class _Rows:
    """Entries, how many each row has, and the rows' limits."""

    sizes: Array
    column: Array
    value: Array
    lower: Array
    upper: Array


def _rounded(program: IntegerProgram, divisor: Array, *, up: bool) -> IntegerProgram:
    """The rows that stand, then the coarse ones, each side that has a limit as a row of its own."""
    coarse, at = divisor > 0, divisor[program.row] == 0
    parts = [
        _Rows(
            np.diff(program.starts)[~coarse],
            program.column[at],
            program.value[at],
            program.row_lower[~coarse],
            program.row_upper[~coarse],
        )
    ]
    for sign, limit in ((1, program.row_upper), (-1, -program.row_lower)):
        limited = coarse & (limit < NO_LIMIT)
        parts.append(_side(program, sign, limit, limited, divisor, up=up))
    return replace(
        program,
        row_lower=np.concatenate([part.lower for part in parts]),
        row_upper=np.concatenate([part.upper for part in parts]),
        starts=np.concatenate([[0], np.cumsum(np.concatenate([part.sizes for part in parts]))]),
        column=np.concatenate([part.column for part in parts]),
        value=np.concatenate([part.value for part in parts]),
    )


def _side(
    program: IntegerProgram, sign: int, limit: Array, there: Bools, divisor: Array, *, up: bool
) -> _Rows:
    """Σ sign a x ≤ limit of the rows that are there, divided and rounded."""
    at = there[program.row]
    row, column = program.row[at], program.column[at]
    value, by = sign * program.value[at].astype(np.int64), divisor[row]
    upwards = up & (program.row_lower != program.row_upper)[row]
    small = np.where(upwards, -(-value // by), value // by)
    least, small_least = np.zeros((2, program.rows), dtype=np.int64)
    np.add.at(least, row, value * program.lower[column])
    np.add.at(small_least, row, small * program.lower[column])
    room = limit[there].astype(np.int64) - least[there]
    most = room // divisor[there] + small_least[there]
    none = np.full(len(most), -NO_LIMIT)
    return _Rows(np.diff(program.starts)[there], column, small, none, most)
