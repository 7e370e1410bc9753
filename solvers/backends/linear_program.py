"""A mixed-integer linear program as plain arrays, the form in which backends take it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LinearProgram:
    """min offset + cost · x  with  row_lower ≤ A x ≤ row_upper  and  lower ≤ x ≤ upper.

    cost, lower, upper: [n]; integral: [n] which columns are whole numbers; A by rows: entries
    starts[i] to starts[i + 1] - 1 of index and value [nnz] belong to row i; row_lower,
    row_upper: [m]. Bounds may be infinite.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    integral: Bools
    starts: Indices
    index: Indices
    value: Floats
    row_lower: Floats
    row_upper: Floats
    offset: float = 0.0

    @property
    def columns(self) -> int:
        """N."""
        return int(self.cost.size)

    @property
    def rows(self) -> int:
        """M."""
        return int(self.row_lower.size)

    @property
    def row_of(self) -> Indices:
        """[nnz] the row of each entry."""
        return np.repeat(np.arange(self.rows, dtype=np.int32), np.diff(self.starts))
