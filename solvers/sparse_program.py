"""A mixed-integer program as sparse arrays, and the answer of whoever solves it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# Stands for no limit on a row; above every sum.
NO_LIMIT = 2**62


class Ended(StrEnum):
    """How a solver of programs ended."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


@dataclass(frozen=True, eq=False)
class SparseProgram:
    """Minimise cost @ x, lower ≤ x ≤ upper, row_lower ≤ A x ≤ row_upper, some x whole.

    cost, lower, upper: [N]; integer: [N] booleans; row_lower, row_upper: [M], ±NO_LIMIT for none;
    row, column, value: [Z] the entries of A, each place once, in any order.
    """

    cost: Array
    lower: Array
    upper: Array
    integer: npt.NDArray[np.bool_]
    row_lower: Array
    row_upper: Array
    row: Array
    column: Array
    value: Array

    def scaled(self, factor: float) -> "SparseProgram":
        """The program with its cost times a factor."""
        return replace(self, cost=self.cost * factor)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a solver says: how it ended, its point [N] or None, its bound or None."""

    ended: Ended
    point: Array | None = None
    bound: float | None = None


class Rows:
    """Rows collected in blocks of entries."""

    def __init__(self) -> None:
        self._entries: list[tuple[Array, Array, Array]] = []
        self._lower: list[Array] = []
        self._upper: list[Array] = []
        self.count = 0

    def add(
        self, rows: int, entries: tuple[Array, Array, Array | int], lower: Any, upper: Any
    ) -> None:
        """`rows` more rows: entries (row of this block, column, value) and limits."""
        row, column, value = (np.asarray(part) for part in entries)
        self._entries.append((row + self.count, column, np.broadcast_to(value, row.shape)))
        self._lower.append(np.broadcast_to(np.asarray(lower), rows))
        self._upper.append(np.broadcast_to(np.asarray(upper), rows))
        self.count += rows

    def program(self, cost: Array, lower: Array, upper: Array, integer: Array) -> SparseProgram:
        """The program with these rows."""
        parts = self._entries or [(np.zeros(0, np.int64),) * 3]
        row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        none = np.zeros(0, dtype=np.int64)
        limits = (np.concatenate([none, *side]) for side in (self._lower, self._upper))
        row_lower, row_upper = limits
        return SparseProgram(cost, lower, upper, integer, row_lower, row_upper, row, column, value)
