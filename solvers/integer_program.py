"""An integer program as plain integers, and an answer that has been checked against them.

    minimise Σ cost x   subject to   low ≤ Σ coefficient x ≤ high on every row, lower ≤ x ≤ upper

All data are integers, so that CP-SAT reads it as it stands and a point from floating-point HiGHS
can be rounded and checked exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Terms = tuple[tuple[int, int], ...]


@dataclass
class IntegerProgram:
    """Columns and rows in the order in which they were added."""

    cost: list[int] = field(default_factory=list)
    lower: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    rows: list[tuple[Terms, int | None, int | None]] = field(default_factory=list)

    def column(self, cost: int = 0, lower: int = 0, upper: int = 1) -> int:
        """Adds a column, 0 or 1 unless bounds are given; its index."""
        self.cost.append(cost)
        self.lower.append(lower)
        self.upper.append(upper)
        return len(self.cost) - 1

    def row(
        self, terms: Iterable[tuple[int, int]], low: int | None = None, high: int | None = None
    ) -> None:
        """Adds a row; terms of the same column are added up, those of coefficient 0 left out."""
        total: dict[int, int] = {}
        for column, coefficient in terms:
            total[column] = total.get(column, 0) + coefficient
        self.rows.append((tuple((c, a) for c, a in total.items() if a), low, high))

    def value(self, point: tuple[int, ...]) -> int:
        """The objective at a point."""
        return sum(c * x for c, x in zip(self.cost, point, strict=True))

    def holds(self, point: tuple[int, ...]) -> bool:
        """Whether a point keeps to all bounds and rows, in exact numbers."""
        inside = all(
            low <= x <= high for low, x, high in zip(self.lower, point, self.upper, strict=True)
        )
        return inside and all(
            (low is None or low <= total) and (high is None or total <= high)
            for terms, low, high in self.rows
            for total in [sum(a * point[c] for c, a in terms)]
        )


@dataclass(frozen=True)
class Answer:
    """What is known of a program: a checked point, a lower bound, whether there is no point.

    interrupted: the search ended before it was done.
    """

    point: tuple[int, ...] | None = None
    bound: int | None = None
    infeasible: bool = False
    interrupted: bool = False
