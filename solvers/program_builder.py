"""Integer programs put together: number by number, or from blocks of arrays."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from solvers.integer_program import NO_LIMIT, Array, Bools, IntegerProgram

Term = tuple[int, int]


class Builder:
    """Columns and rows in the order in which they are added; bounds may be changed later."""

    def __init__(self) -> None:
        self.cost: list[int] = []
        self.lower: list[int] = []
        self.upper: list[int] = []
        self.whole: list[bool] = []
        self.rows: list[tuple[tuple[Term, ...], int | None, int | None]] = []

    def column(self, cost: int = 0, lower: int = 0, upper: int = 1, *, whole: bool = True) -> int:
        """Adds a column, 0 or 1 unless bounds are given; its index.

        whole: whether it has to be an integer, or is one of itself where the others are.
        """
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, terms: Iterable[Term], low: int | None = None, high: int | None = None) -> None:
        """Adds a row; terms of the same column are added up, those of coefficient 0 left out."""
        total: dict[int, int] = {}
        for column, coefficient in terms:
            total[column] = total.get(column, 0) + coefficient
        self.rows.append((tuple((c, a) for c, a in total.items() if a), low, high))

    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return IntegerProgram(
            cost=integers(self.cost),
            lower=integers(self.lower),
            upper=integers(self.upper),
            whole=np.array(self.whole, dtype=np.bool_),
            row_lower=integers([-NO_LIMIT if low is None else low for _, low, _ in self.rows]),
            row_upper=integers([NO_LIMIT if high is None else high for _, _, high in self.rows]),
            starts=np.array([0, *accumulate(len(terms) for terms, _, _ in self.rows)]),
            column=integers([c for terms, _, _ in self.rows for c, _ in terms]),
            value=integers([a for terms, _, _ in self.rows for _, a in terms]),
        )


class Blocks:
    """Rows collected in blocks of entries, for programs with millions of them."""

    def __init__(self) -> None:
        self._entries: list[tuple[Array, Array, Array]] = []
        self._lower: list[Array] = []
        self._upper: list[Array] = []
        self.count = 0

    def add(
        self, rows: int, entries: tuple[Array, Array, Array | int], lower: Any, upper: Any
    ) -> None:
        """`rows` more rows: entries (row of this block, column, value) and limits.

        Entries of 0 are left out: they are no terms, and what divides by entries relies on it.
        """
        row, column, value = (np.asarray(part) for part in entries)
        value = np.broadcast_to(value, row.shape)
        there = value != 0
        self._entries.append((row[there] + self.count, column[there], value[there]))
        self._lower.append(np.broadcast_to(np.asarray(lower), rows))
        self._upper.append(np.broadcast_to(np.asarray(upper), rows))
        self.count += rows

    def program(self, cost: Array, lower: Array, upper: Array, whole: Bools) -> IntegerProgram:
        """The program of these columns and rows."""
        none = np.zeros(0, dtype=np.int64)
        parts = zip((none,) * 3, *self._entries, strict=True)
        row, column, value = (np.concatenate(part) for part in parts)
        order = np.argsort(row, kind="stable")
        return IntegerProgram(
            cost=cost,
            lower=lower,
            upper=upper,
            whole=whole,
            row_lower=np.concatenate([none, *self._lower]),
            row_upper=np.concatenate([none, *self._upper]),
            starts=np.searchsorted(row[order], np.arange(self.count + 1)),
            column=column[order],
            value=value[order],
        )


def integers(numbers: Sequence[int]) -> Array:
    """An array of int64, or of Python's integers where one is too large for that."""
    largest = max(map(abs, numbers), default=0)
    return np.array(numbers, dtype=np.int64 if largest <= NO_LIMIT else object)
