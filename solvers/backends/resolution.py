"""How fine a floating-point solver can see, and what it may have missed.

A solver takes x_j = 1e-10 for 0, a row that is off by 1e-9 for satisfied and a reduced cost of
-1e-9 for none. Each can hide some cost, so that the bound of a search that has ended may lie above
a point it never told apart from the best. The sum of what can be hidden is taken off every bound:

- an integer column accepted off its integer hides its cost, and what it does to the rows of a
  continuous column that costs something (a maximum over rows, say): both once per column;
- a row accepted off its bound hides the cost of such a continuous column;
- reduced costs accepted with the wrong sign hide as much per unit of each column's range.

All are worst cases, each column and row at the limit of its tolerance in the same direction. What
is claimed is therefore too low by about 1e-10 times the sum of the costs: nothing where costs are
small integers, some nanoseconds in 1e9 where they are not. It is never too high on account of
tolerances; what remains is the trust in the code that any solver needs.
"""

from dataclasses import replace

import numpy as np

from solvers.backends.linear_program import LinearProgram

INTEGRALITY = 1e-10
FEASIBILITY = 1e-9
# Of a sum of a few thousand products in double precision, relative to the sum.
_ROUNDING = 1e-12
# Largest entries after scaling: tolerances are absolute, so entries far from 1 defeat them.
_ROW_EXPONENT = 10
_COST_EXPONENT = 13


def scaled(program: LinearProgram) -> tuple[LinearProgram, float]:
    """The program with large rows and a large objective divided by powers of two, and the cost's.

    Powers of two change no digit of any entry: the scaled program has exactly the same points.
    """
    top = np.zeros(program.rows)
    np.maximum.at(top, program.row_of, np.abs(program.value))
    rows = _power(top, _ROW_EXPONENT)
    cost = _power(np.abs(program.cost).max(initial=0.0), _COST_EXPONENT)
    divided = replace(
        program,
        cost=program.cost / cost,
        offset=program.offset / float(cost),
        value=program.value / rows[program.row_of],
        row_lower=program.row_lower / rows,
        row_upper=program.row_upper / rows,
    )
    return divided, float(cost)


def _power(size: np.typing.ArrayLike, exponent: int) -> np.typing.NDArray[np.float64]:
    """The least power of two, at least 1, that brings `size` down to 2^exponent."""
    power: np.typing.NDArray[np.float64] = np.exp2(np.maximum(0, np.frexp(size)[1] - exponent))
    return power


def hidden_cost(program: LinearProgram) -> float:
    """The most that all tolerances together can hide of a scaled program's objective.

    Infinite where a continuous column's range is: give such columns bounds.
    """
    whole = program.integral
    off = INTEGRALITY * np.abs(program.cost[whole]).sum()
    sign = FEASIBILITY * (program.upper - program.lower).sum()
    return float(off + sign + _through_rows(program).sum())


def _through_rows(program: LinearProgram) -> np.typing.NDArray[np.float64]:
    """[n] cost hidden by continuous columns that integer columns push through a common row."""
    size = np.abs(program.value)
    whole = program.integral[program.index]
    pushed = np.bincount(program.row_of, weights=size * whole, minlength=program.rows)
    error = FEASIBILITY + INTEGRALITY * pushed
    priced = ~whole & (program.cost[program.index] != 0) & (size > 0)
    column = program.index[priced]
    hidden = np.zeros(program.columns)
    reach = error[program.row_of[priced]] / size[priced] * np.abs(program.cost[column])
    np.maximum.at(hidden, column, reach)
    return hidden


def safe(bound: float, hidden: float) -> float:
    """A bound of a scaled program less what tolerances and rounding can hide."""
    return bound - hidden - _ROUNDING * abs(bound)
