"""A lower bound from dual values in exact integers, whatever the duals are worth.

    L(y) = Σ_i min{y_i s : row_lower_i ≤ s ≤ row_upper_i}
         + Σ_j min{(c - yᵀA)_j x : lower_j ≤ x ≤ upper_j}

is below every point's cost for any y. With the floating-point duals of a linear relaxation,
rounded to a common denominator and summed up in integers, it is as good as the relaxation and
rigorous: no tolerance enters (Neumaier and Shcherbina, Mathematical Programming 99, 2004). With
costs of 0 in place of c it is Farkas' proof that there is no point, where L(y) > 0.
"""

from dataclasses import dataclass

import numpy as np

from solvers.integer_program import NO_LIMIT, Array, Floats, IntegerProgram

# Denominator of the duals: those of networks are integers, others are cut off here.
DENOMINATOR = 2**24


Box = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Priced:
    """L(y) and the reduced costs [n], both times the denominator, over a box of columns."""

    program: IntegerProgram
    box: Box
    total: int
    reduced: Array

    @property
    def bound(self) -> int:
        """The least objective of integers, a multiple of the costs' divisor, that it proves."""
        step = divisor(self.program)
        return -(-self.total // (DENOMINATOR * step)) * step + int(self.program.offset)

    def narrowed(self, most: int) -> Box:
        """The box without what costs more than `most` by its reduced cost alone."""
        room = (most - int(self.program.offset)) * DENOMINATOR - self.total
        lower, upper = self.box
        span = np.maximum(np.abs(self.reduced), 1)
        reach = np.where(self.reduced == 0, upper - lower, room // span)
        below = np.minimum(upper, np.where(self.reduced > 0, lower + reach, upper))
        above = np.maximum(lower, np.where(self.reduced < 0, upper - reach, lower))
        return above.astype(np.int64), below.astype(np.int64)


def priced(program: IntegerProgram, duals: Floats, box: Box | None = None) -> Priced:
    """What duals [m] prove of the points in a box, the program's own where none is given."""
    return _priced(program, program.cost, duals, box or (program.lower, program.upper))


def farkas(program: IntegerProgram, ray: Floats, box: Box) -> bool:
    """Whether a dual ray [m] proves that the box is empty."""
    most = float(np.abs(ray).max(initial=0.0)) or 1.0
    return _priced(program, np.zeros_like(program.cost), ray / most, box).total > 0


def divisor(program: IntegerProgram) -> int:
    """Every objective is a multiple of it, the offset left out."""
    return int(np.gcd.reduce(program.cost)) or 1


def _priced(program: IntegerProgram, cost: Array, duals: Floats, box: Box) -> Priced:
    y = _whole(duals, program)
    reduced = cost.astype(object) * DENOMINATOR
    np.subtract.at(reduced, program.column, program.value.astype(object) * y[program.row])
    at_rows = np.where(y > 0, program.row_lower, program.row_upper).astype(object) * y
    at_columns = np.where(reduced > 0, *box).astype(object) * reduced
    return Priced(program, box, int(sum(at_rows.tolist()) + sum(at_columns.tolist())), reduced)


def _whole(duals: Floats, program: IntegerProgram) -> Array:
    """[m] the duals times the denominator, 0 where a row has no limit on the side that counts."""
    y = np.rint(duals * DENOMINATOR)
    y[(y > 0) & (program.row_lower <= -NO_LIMIT)] = 0
    y[(y < 0) & (program.row_upper >= NO_LIMIT)] = 0
    return np.array([int(value) for value in y.tolist()], dtype=object)
