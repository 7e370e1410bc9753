"""The assignment program of an offload placement, over all columns or some, as sparse arrays.

    z[n] ∈ {0,1}  a client takes its column n          y[k] ∈ {0,1}  a copy is there
    b[g] ∈ {0,1}  a base is there                      t[p] ≥ 0      the slowest expert of pattern p

Copies and bases that cost nothing to have are left out. z ≤ y is written per column: summed up per
copy, the relaxation would say hardly anything.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from models.problems.offload_placement import OffloadPlacementPlan
from models.result import Claim, Limits, Reason
from solvers.backends import highs
from solvers.backends.linear_program import Floats, LinearProgram
from solvers.base import Progress, Stopwatch
from solvers.tables.offload_placement import Ints, Tables


@dataclass(frozen=True, eq=False)
class Found:
    """What a solve of a program says: why it ended, columns [C] or None, a bound or None."""

    reason: Reason
    chosen: Ints | None = None
    bound: int | None = None
    detail: str = ""


class Formulation:
    """The program of the columns `kept` [M], a sorted subset with at least one per client."""

    def __init__(self, tables: Tables, kept: Ints | None = None) -> None:
        self.tables = tables
        self.kept = np.arange(len(tables.cost)) if kept is None else kept
        self.client = tables.client_of[self.kept]
        self.copy = tables.copy[self.kept]
        self.copies = np.unique(self.copy[~tables.free[self.copy]])
        based = tables.base[self.copies]
        self.bases = np.unique(based[based >= 0])
        tokens, _, _ = tables.patterns or (np.zeros(0), None, None)
        counts = (len(self.kept), len(self.copies), len(self.bases), len(tokens))
        self.first = np.concatenate([[0], np.cumsum(counts)])
        self._entries: list[tuple[Ints, Ints, Ints]] = []
        self._limits: list[tuple[Floats, Floats]] = []
        self._rows = 0
        self.each_client_takes_one_column()
        self.what_serves_is_there()
        self.budgets_hold()
        self.no_pattern_is_faster_than_its_experts()

    def each_client_takes_one_column(self) -> None:
        """Every expert is served at every site by exactly one copy."""
        one = np.ones(self.tables.clients)
        z = np.arange(len(self.kept))
        self._add(self.tables.clients, self.client, z, np.ones(len(z), dtype=np.int64), one, one)

    def what_serves_is_there(self) -> None:
        """A column needs its copy, z ≤ y, for each one that costs something; y ≤ b where shared."""
        z = np.flatnonzero(~self.tables.free[self.copy])
        y = self.first[1] + np.searchsorted(self.copies, self.copy[z])
        self._at_most(z, y)
        shared = np.flatnonzero(self.tables.base[self.copies] >= 0)
        b = np.searchsorted(self.bases, self.tables.base[self.copies[shared]])
        self._at_most(self.first[1] + shared, self.first[2] + b)

    def budgets_hold(self) -> None:
        """Rooms, losses, busy times, and enough experts served as themselves."""
        tables = self.tables
        parts = [(tables.room_row[self.copies], tables.size[self.copies], self.first[1])]
        parts += [(tables.base_row[self.bases], tables.base_size[self.bases], self.first[2])]
        parts += [(row[self.kept], amount[self.kept], 0) for row, amount in tables.uses]
        rows, columns, values = [], [], []
        for row, amount, first in parts:
            there = np.flatnonzero((row >= 0) & (amount != 0))
            rows.append(row[there])
            columns.append(first + there)
            values.append(amount[there])
        count = len(tables.capacity)
        high = tables.capacity.astype(np.float64)
        entries = (np.concatenate(rows), np.concatenate(columns), np.concatenate(values))
        self._add(count, *entries, np.full(count, -np.inf), high)

    def no_pattern_is_faster_than_its_experts(self) -> None:
        """The t of a pattern is at least the time of each of its experts."""
        if self.tables.patterns is None:
            return
        tokens, clients, starts = self.tables.patterns
        of = np.repeat(np.arange(len(tokens)), np.diff(starts))
        begins = np.searchsorted(self.client, clients)
        lengths = np.searchsorted(self.client, clients, side="right") - begins
        row = np.repeat(np.arange(len(clients)), lengths)
        z = np.concatenate([np.arange(a, a + n) for a, n in zip(begins, lengths, strict=True)])
        rows = np.concatenate([row, np.arange(len(clients))])
        columns = np.concatenate([z, self.first[3] + of])
        values = np.concatenate(
            [-self.tables.time[self.kept[z]], np.ones(len(clients), dtype=np.int64)]
        )
        low, high = np.zeros(len(clients)), np.full(len(clients), np.inf)
        self._add(len(clients), rows, columns, values, low, high)

    def program(self) -> LinearProgram:
        """The arrays for a backend."""
        tables, total = self.tables, int(self.first[-1])
        cost, upper = np.zeros(total), np.ones(total)
        if tables.patterns is None:
            cost[: self.first[1]] = tables.cost[self.kept]
        else:
            cost[self.first[3] :] = tables.patterns[0]
            upper[self.first[3] :] = max(int(tables.time[self.kept].max(initial=0)), 1)
        cost[self.first[1] : self.first[2]] = tables.price[self.copies]
        cost[self.first[2] : self.first[3]] = tables.base_price[self.bases]
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        low, high = (np.concatenate(part) for part in zip(*self._limits, strict=True))
        order = np.argsort(row, kind="stable")
        counts = np.bincount(row, minlength=self._rows)
        return LinearProgram(
            cost=cost,
            lower=np.zeros(total),
            upper=upper,
            integral=np.arange(total) < self.first[3],
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
            index=column[order].astype(np.int32),
            value=value[order].astype(np.float64),
            row_lower=low,
            row_upper=high,
        )

    def point(self, chosen: Ints) -> Floats | None:
        """[columns] a choice as a point, None where one of its columns is not kept."""
        z = np.isin(self.kept, chosen)
        if z.sum() != self.tables.clients:
            return None
        copies, bases = self.tables.used(chosen)
        parts: list[npt.NDArray[Any]] = [
            z,
            np.isin(self.copies, copies),
            np.isin(self.bases, bases),
        ]
        if self.tables.patterns is not None:
            _, clients, starts = self.tables.patterns
            slowest = np.maximum.reduceat(self.tables.time[chosen][clients], starts[:-1])
            parts.append(slowest if len(clients) else np.zeros(0))
        return np.concatenate([part.astype(np.float64) for part in parts])

    def chosen(self, point: Floats) -> Ints:
        """[C] the columns that a point takes."""
        return self.kept[point[: len(self.kept)] > 0.5]

    def _at_most(self, less: Ints, more: Ints) -> None:
        rows = np.arange(len(less))
        ones = np.ones(len(less), dtype=np.int64)
        entries = (np.tile(rows, 2), np.concatenate([less, more]), np.concatenate([ones, -ones]))
        self._add(len(less), *entries, np.full(len(less), -np.inf), np.zeros(len(less)))

    def _add(
        self, rows: int, row: Ints, column: Ints, value: Ints, low: Floats, high: Floats
    ) -> None:
        self._entries.append((row + self._rows, column, value))
        self._limits.append((low, high))
        self._rows += rows


def solve(
    tables: Tables,
    limits: Limits,
    watch: Stopwatch,
    kept: Ints | None = None,
    start: Ints | None = None,
    report: Progress[OffloadPlacementPlan] | None = None,
) -> Found:
    """The best choice among the columns kept (all where None), and what bounds it.

    Plans and bounds go to `report`; give it only where all columns are kept.
    """
    form = Formulation(tables, kept)
    found = (
        (lambda _: None)
        if report is None
        else (lambda point: report.plan(tables.plan(form.chosen(point))))
    )
    bounded = (lambda _: None) if report is None else (lambda bound: report.bound(_up(bound)))
    answer = highs.solve(
        form.program(), limits, watch, None if start is None else form.point(start), found, bounded
    )
    chosen = None if answer.values is None else form.chosen(answer.values)
    if chosen is not None and (len(chosen) != tables.clients or not tables.fits(chosen)):
        chosen = None
    bound = None if answer.bound is None else _up(answer.bound)
    return Found(answer.reason, chosen, bound, answer.detail)


def _up(bound: float) -> int:
    """The least integer objective that a bound allows; the bound is already a safe one."""
    return max(0, ceil(bound))


def claim(
    name: str, tables: Tables, found: Found, stats: dict[str, int | float | str]
) -> Claim[OffloadPlacementPlan]:
    """What a method may say of a whole program's answer."""
    if found.reason is Reason.INFEASIBLE:
        return Claim(name, Reason.INFEASIBLE, detail="the relaxation or the search has no point")
    plan = None if found.chosen is None else tables.plan(found.chosen)
    value = None if found.chosen is None else tables.value(found.chosen)
    bound = found.bound
    if value is not None and bound is not None:
        bound = min(bound, value)
    if value is not None and bound == value:
        return Claim(name, Reason.COMPLETED, plan, bound, stats=stats)
    if found.reason is Reason.COMPLETED:
        detail = "the search ended; its tolerances are wider than the last nanoseconds"
        return Claim(name, Reason.TIME_LIMIT, plan, bound, detail, stats)
    return Claim(name, found.reason, plan, bound, found.detail, stats)
