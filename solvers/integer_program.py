"""An integer program as sparse arrays, and what a solver of such programs answers.

    minimise offset + cost · x   subject to   row_lower ≤ A x ≤ row_upper,  lower ≤ x ≤ upper

Data are integers, so that CP-SAT reads them as they stand and a point from floating-point HiGHS is
rounded and checked exactly. Arrays are of int64, or of Python's integers where these are larger.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.result import Reason

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Stands for no limit on a row; no solver takes programs whose sums come up to it.
NO_LIMIT = 2**62
# Sums of int64 numbers below this do not overflow.
_SAFE = 2**62


@dataclass(frozen=True, eq=False)
class IntegerProgram:
    """Columns, rows, and the entries of A by rows.

    cost, lower, upper: [n]; whole: [n] which columns have to be integers, integers being enough for
    the others: a best point has them there. row_lower, row_upper: [m], ±NO_LIMIT for none; entries
    starts[i] to starts[i + 1] - 1 of column and value [nnz] belong to row i.

    grain: objectives count in multiples of it, rounded up; between two of them nothing is proved.

    Cuts that are multiplied out have floating-point entries: HiGHS alone takes such programs
    (solvers/backends/highs.py), and nothing that is exact can be said of them.
    """

    cost: Array
    lower: Array
    upper: Array
    whole: Bools
    row_lower: Array
    row_upper: Array
    starts: Array
    column: Array
    value: Array
    offset: int | float = 0
    grain: int = 1

    @property
    def columns(self) -> int:
        """N."""
        return len(self.cost)

    @property
    def rows(self) -> int:
        """M."""
        return len(self.row_lower)

    @property
    def row(self) -> Array:
        """[nnz] the row of each entry."""
        return np.repeat(np.arange(self.rows), np.diff(self.starts))

    def objective(self, point: Array) -> int:
        """The objective at a point of integers, exact."""
        return int(self.offset) + int(self._widened(self.cost) @ self._widened(point))

    def least_alike(self, objective: int) -> int:
        """The least objective that counts as much as this one."""
        return (-(-objective // self.grain) - 1) * self.grain + 1

    def activity(self, point: Array) -> Array:
        """[m] the sums of the rows at a point of integers, exact."""
        products = self._widened(self.value) * self._widened(point)[self.column]
        total = np.concatenate([np.zeros(1, dtype=products.dtype), np.cumsum(products)])
        return np.asarray(total[self.starts[1:]] - total[self.starts[:-1]])

    def holds(self, point: Array) -> bool:
        """Whether a point of integers keeps to all bounds and rows, in exact numbers."""
        if not bool(((self.lower <= point) & (point <= self.upper)).all()):
            return False
        total = self.activity(point)
        above = (self.row_lower <= -NO_LIMIT) | (self.row_lower <= total)
        below = (self.row_upper >= NO_LIMIT) | (total <= self.row_upper)
        return bool((above & below).all())

    def largest_sum(self) -> int:
        """No sum over all entries of a row, over the cost, or of a row and its limit exceeds it.

        Rounded up in floating point.
        """
        widest = np.maximum(np.abs(self.lower), np.abs(self.upper)).astype(np.float64)
        sizes = np.abs(self.value).astype(np.float64) * widest[self.column]
        rows = np.bincount(self.row, weights=sizes, minlength=self.rows).max(initial=0.0)
        cost = float(np.abs(self.cost).astype(np.float64) @ widest) + abs(self.offset)
        return int(max(rows, cost, widest.max(initial=0.0)) * (1 + 1e-9)) + 1

    def _widened(self, numbers: Array) -> Array:
        """Integers for sums: Python's own where int64 could overflow over all entries together."""
        widest = np.maximum(np.abs(self.lower), np.abs(self.upper)).astype(np.float64)
        total = float(np.abs(self.value).astype(np.float64) @ widest[self.column])
        small = max(total, float(np.abs(self.cost).astype(np.float64) @ widest)) < _SAFE
        return numbers.astype(np.int64 if small else object)


@dataclass(frozen=True, eq=False)
class Answer:
    """What is known of a program.

    reason: COMPLETED where the point is proved best (or, without one, cannot be); INFEASIBLE;
    HEURISTIC where the search ended and proved less than that; UNSUPPORTED where its numbers are
    too large for the solver; or what stopped it. point: [n] the best one, of integers that keep to
    all rows exactly. bound: no point costs less, None where not established. values: [n] a point in
    floating point where the solver has one, whole columns rounded, for callers that make a plan of
    it which does not hang on the rows.
    """

    reason: Reason
    point: Array | None = None
    bound: int | None = None
    detail: str = ""
    stats: Mapping[str, int | float | str] = field(default_factory=dict)
    values: Floats | None = None

    @property
    def infeasible(self) -> bool:
        """Whether there is no point."""
        return self.reason is Reason.INFEASIBLE
