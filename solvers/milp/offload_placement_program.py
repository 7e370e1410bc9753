"""The assignment program of an offload placement, over all columns or some, as sparse arrays.

    z[n] ∈ {0,1}  a client takes its column n          y[k] ∈ {0,1}  a copy is there
    b[g] ∈ {0,1}  a base is there
    w[c,r], u[p,r] ∈ {0,1}  a client, or some client of pattern p, takes longer than the r-th time

Copies and bases that cost nothing to have are left out. z ≤ y is written per column: summed up per
copy, the relaxation would say hardly anything. So that nothing is lost in HiGHS' tolerances, the
time of a pattern is the sum of the steps that it exceeds, and what each client costs at least is
added in whole numbers.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.problems.offload_placement import OffloadPlacementPlan
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import NO_LIMIT, IntegerProgram
from solvers.program_builder import Blocks
from solvers.tables.offload_placement import Ints, Tables

# Some gigabytes of arrays; the relaxation alone would take hours.
MOST_PATTERN_ROWS = 2_000_000


def too_large(tables: Tables) -> bool:
    """Whether the patterns need more rows than are worth stating."""
    return rows(tables) > MOST_PATTERN_ROWS


def rows(tables: Tables) -> int:
    """How many rows the patterns need: one per member and step of time."""
    if tables.patterns is None:
        return 0
    return len(tables.patterns[1]) * (len(np.unique(tables.time)) - 1)


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
        patterns = 0 if tables.patterns is None else len(tables.patterns[0])
        self.times = np.unique(tables.time[self.kept])
        steps = len(self.times) - 1
        self._slow = 0 if tables.patterns is None else tables.clients * steps
        counts = (len(self.kept), len(self.copies), len(self.bases), self._slow, patterns * steps)
        self.first = np.concatenate([[0], np.cumsum(counts)])
        self._rows = Blocks()
        self.each_client_takes_one_column()
        self.what_serves_is_there()
        self.budgets_hold()
        self.no_pattern_is_faster_than_its_experts()

    def _costs(self) -> tuple[Ints, int]:
        """Costs of the variables, and what every point costs besides."""
        tables = self.tables
        cost = np.zeros(int(self.first[-1]), dtype=np.int64)
        cost[self.first[1] : self.first[2]] = tables.price[self.copies]
        cost[self.first[2] : self.first[3]] = tables.base_price[self.bases]
        if tables.patterns is not None:
            cost[self.first[4] :] = np.outer(tables.patterns[0], np.diff(self.times)).ravel()
            return cost, int(tables.patterns[0].sum() * self.times[0])
        own = tables.cost[self.kept]
        least = np.minimum.reduceat(own, np.searchsorted(self.client, np.arange(tables.clients)))
        cost[: self.first[1]] = own - least[self.client]
        return cost, int(least.sum())

    def each_client_takes_one_column(self) -> None:
        """Every expert is served at every site by exactly one copy."""
        z = np.arange(len(self.kept))
        self._rows.add(self.tables.clients, (self.client, z, 1), 1, 1)

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
        entries = (np.concatenate(rows), np.concatenate(columns), np.concatenate(values))
        self._rows.add(len(tables.capacity), entries, -NO_LIMIT, tables.capacity)

    def no_pattern_is_faster_than_its_experts(self) -> None:
        """A pattern exceeds each time that one of its clients does."""
        if self.tables.patterns is None:
            return
        steps = len(self.times) - 1
        n, r = np.nonzero(self.tables.time[self.kept][:, None] > self.times[None, :-1])
        w = np.arange(self._slow)
        rows = np.concatenate([self.client[n] * steps + r, w])
        ones = np.ones(len(n), dtype=np.int64)
        values = np.concatenate([ones, -np.ones(self._slow, dtype=np.int64)])
        self._rows.add(self._slow, (rows, np.concatenate([n, self.first[3] + w]), values), 0, 0)
        _, clients, starts = self.tables.patterns
        of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        step = np.arange(steps)[None, :]
        client = (clients[:, None] * steps + step).ravel()
        pattern = (of[:, None] * steps + step).ravel()
        self._at_most(self.first[3] + client, self.first[4] + pattern)

    def program(self) -> IntegerProgram:
        """The arrays for a backend."""
        cost, least = self._costs()
        ones = np.ones(len(cost), dtype=np.int64)
        program = self._rows.program(cost, 0 * ones, ones, ones.astype(np.bool_))
        return replace(program, offset=least)

    def point(self, chosen: Ints) -> Ints | None:
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
            both = (self.tables.time[chosen], self.tables.slowest(chosen))
            parts += [(times[:, None] > self.times[None, :-1]).ravel() for times in both]
        return np.concatenate([part.astype(np.int64) for part in parts])

    def chosen(self, point: Ints) -> Ints:
        """[C] the columns that a point takes."""
        columns: Ints = self.kept[point[: len(self.kept)] == 1]
        return columns

    def _at_most(self, less: Ints, more: Ints) -> None:
        rows = np.arange(len(less))
        ones = np.ones(len(less), dtype=np.int64)
        entries = (np.tile(rows, 2), np.concatenate([less, more]), np.concatenate([ones, -ones]))
        self._rows.add(len(less), entries, -NO_LIMIT, 0)


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
    listener = report or Progress()

    def found(point: Ints) -> None:
        if report is not None:
            listener.plan(tables.plan(form.chosen(point)))

    first = None if start is None else form.point(start)
    answer = program_highs.solve(form.program(), watch, limits.seed, first, found, listener.bound)
    chosen = None if answer.point is None else form.chosen(answer.point)
    return Found(answer.reason, chosen, answer.bound, answer.detail)


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
    if found.reason is Reason.UNSUPPORTED and (plan is not None or bound is not None):
        # HiGHS does not take its numbers, but what prices have found stands.
        return Claim(name, Reason.HEURISTIC, plan, bound, found.detail, stats)
    return Claim(name, found.reason, plan, bound, found.detail, stats)
