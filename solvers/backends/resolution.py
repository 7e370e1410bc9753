"""How fine a floating-point solver can see, and what it may have missed.

A solver takes x_j = 1e-9 for 0, a row that is off by 1e-9 for satisfied and a reduced cost of
-1e-9 for none. Each can hide some cost, so that the bound of a search that has ended may lie above
a point it never told apart from the best. The sum of what can be hidden is taken off every bound:

- an integer column accepted off its integer hides its cost, and what it does to the rows of a
  continuous column that costs something (a maximum over rows, say): both once per column;
- a row accepted off its bound hides the cost of such a continuous column;
- reduced costs accepted with the wrong sign hide as much per unit of each column's range.

All are worst cases, each column and row at the limit of its tolerance in the same direction. What
is claimed is therefore too low by about 1e-9 times the sum of the costs: nothing where costs are
small integers, some nanoseconds in 1e9 where they are not. Presolve and cuts round coefficients on
top of that: where wide continuous columns cost something, HiGHS' bounds were above the optimum by
up to 1e-9 of it (1 of 100 generated largest loads of 10^8), and 2e-9 are taken off. What remains is
the trust in the code that any solver needs; rows of whole columns too long for these allowances
never come here (solvers/backends/coarsening.py).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.integer_program import NO_LIMIT, Array, Bools, Floats, IntegerProgram


@dataclass(frozen=True)
class Tolerances:
    """Absolute, of a scaled program: how far off an integer or a row's limit is still on it."""

    integrality: float
    feasibility: float


# Finer ones are no cure: of programs with terms of 10^7 HiGHS then drops points that it cannot
# repair, and closes the nodes that they came from; of larger ones it crashes on some.
FINE = Tolerances(integrality=1e-9, feasibility=1e-9)
# For numbers of up to some millions.
FINEST = Tolerances(integrality=1e-10, feasibility=1e-9)
COARSE = Tolerances(integrality=1e-7, feasibility=1e-7)
# Of a sum of a few thousand products in double precision, relative to the sum.
_ROUNDING = 1e-12
# Of bounds that come out of presolve and cuts with wide continuous columns that cost something.
_CUTS = 2e-9
# Largest entries after scaling: tolerances are absolute, so entries far from 1 defeat them.
_COLUMN_EXPONENT = 10
_ROW_EXPONENT = 10
_COST_EXPONENT = 13


@dataclass(frozen=True, eq=False)
class Scaled:
    """A program in floating point, columns, rows and cost divided by powers of two.

    Powers of two change no digit: the scaled program has exactly the same points, x = unit · x'.
    cost, lower, upper, unit: [n]; integral: [n]; row_lower, row_upper: [m]; starts, index, value:
    the entries by rows. Limits may be infinite. divisor: [m] of the rows; price: what one unit of
    its cost is in the program's.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integral: Bools
    row_lower: Floats
    row_upper: Floats
    starts: npt.NDArray[np.int32]
    index: npt.NDArray[np.int32]
    value: Floats
    offset: float
    unit: Floats
    divisor: Floats
    price: float

    @property
    def row_of(self) -> Array:
        """[nnz] the row of each entry."""
        return np.repeat(np.arange(len(self.row_lower)), np.diff(self.starts))

    def hidden_cost(self, tolerances: Tolerances) -> float:
        """The most that all tolerances together can hide of its objective.

        Infinite where a continuous column's range is: give such columns bounds.
        """
        off = tolerances.integrality * np.abs(self.cost[self.integral]).sum()
        sign = tolerances.feasibility * (self.upper - self.lower).sum()
        return float(off + sign + self._through_rows(tolerances).sum())

    def safe(self, bound: float, tolerances: Tolerances) -> float:
        """A bound of it less what tolerances and rounding can hide."""
        wide = ~self.integral & (self.unit > 1) & (self.cost != 0)
        share = _CUTS if self.integral.any() and wide.any() else _ROUNDING
        return bound - self.hidden_cost(tolerances) - share * abs(bound - self.offset)

    def _through_rows(self, tolerances: Tolerances) -> Floats:
        """[n] cost hidden by continuous columns that integer columns push through a common row."""
        size = np.abs(self.value)
        row = self.row_of
        pushed = np.bincount(
            row, weights=size * self.integral[self.index], minlength=len(self.row_lower)
        )
        error = tolerances.feasibility + tolerances.integrality * pushed
        priced = ~self.integral[self.index] & (self.cost[self.index] != 0) & (size > 0)
        column = self.index[priced]
        hidden = np.zeros(len(self.cost))
        reach = error[row[priced]] / size[priced] * np.abs(self.cost[column])
        np.maximum.at(hidden, column, reach)
        return hidden


def scaled(program: IntegerProgram, *, integral: bool = True) -> Scaled:
    """The program for a floating-point solver, or its linear relaxation."""
    whole = program.whole & integral
    lower, upper = _limits(program.lower), _limits(program.upper)
    span = np.maximum(np.abs(lower), np.abs(upper))
    unit = np.where(whole | ~np.isfinite(span), 1.0, _power(span, _COLUMN_EXPONENT))
    cost = program.cost.astype(np.float64) * unit
    value = program.value.astype(np.float64) * unit[program.column]
    row = program.row
    top = np.zeros(program.rows)
    np.maximum.at(top, row, np.abs(value))
    rows = _power(top, _ROW_EXPONENT)
    price = float(_power(np.abs(cost).max(initial=0.0), _COST_EXPONENT))
    return Scaled(
        cost=cost / price,
        lower=lower / unit,
        upper=upper / unit,
        integral=whole,
        row_lower=_limits(program.row_lower) / rows,
        row_upper=_limits(program.row_upper) / rows,
        starts=program.starts.astype(np.int32),
        index=program.column.astype(np.int32),
        value=value / rows[row],
        offset=program.offset / price,
        unit=unit,
        divisor=rows,
        price=price,
    )


def _limits(numbers: Array) -> Floats:
    found = numbers.astype(np.float64)
    return np.where(np.abs(found) >= NO_LIMIT, np.copysign(np.inf, found), found)


def _power(size: npt.ArrayLike, exponent: int) -> Floats:
    """The least power of two, at least 1, that brings `size` down to 2^exponent."""
    return np.asarray(np.exp2(np.maximum(0, np.frexp(size)[1] - exponent)))
