"""The integer program of a fleet in one window, and one claim from the answers of all windows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from models.problems.split_fleet import Choice, SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array, IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.split_fleet import Ints, Tables, build


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of one window: [C] columns of a plan, a lower bound, or that there is none.

    unsupported: why the method cannot say anything.
    """

    columns: Ints | None = None
    bound: int | None = None
    infeasible: bool = False
    unsupported: str = ""


class Formulation:
    """Columns x[n] = 1 where a stream takes its column n; some columns of the tables or all."""

    def __init__(self, tables: Tables, kept: Ints | None = None) -> None:
        self.tables = tables
        self.kept = np.arange(len(tables.cost)) if kept is None else kept
        self.builder = Builder()
        self.capacity_rows: list[int] = []
        for price in tables.cost[self.kept].tolist():
            self.builder.column(price)
        self.every_stream_takes_one_column()
        self.no_row_overflows()

    def every_stream_takes_one_column(self) -> None:
        """Each stream takes exactly one of its columns."""
        ends = np.searchsorted(self.kept, self.tables.start).tolist()
        for a, b in pairwise(ends):
            self.builder.row([(column, 1) for column in range(a, b)], 1, 1)

    def no_row_overflows(self) -> None:
        """The loads of the columns taken stay within each uplink's and server's capacity."""
        tables = self.tables
        loads: list[list[tuple[int, int]]] = [[] for _ in tables.capacity]
        up = zip(tables.row_up[self.kept].tolist(), tables.load_up[self.kept].tolist(), strict=True)
        on = zip(tables.row_on[self.kept].tolist(), tables.load_on[self.kept].tolist(), strict=True)
        for pairs in (up, on):
            for column, (row, load) in enumerate(pairs):
                if row >= 0:
                    loads[row].append((column, load))
        for row, (terms, room) in enumerate(zip(loads, tables.capacity.tolist(), strict=True)):
            if sum(load for _, load in terms) > room:
                self.builder.row(terms, high=room)
                self.capacity_rows.append(row)

    @property
    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return self.builder.program()

    def point(self, columns: Ints | None) -> Array | None:
        """A choice of columns as a point, None where one is not kept."""
        if columns is None or not np.isin(columns, self.kept).all():
            return None
        return np.isin(self.kept, columns).astype(np.int64)

    def columns(self, point: Array) -> Ints:
        """[C] the columns that a point chooses."""
        chosen: Ints = self.kept[point == 1]
        return chosen

    def found(self, answer: Answer) -> Found:
        """The window's answer."""
        columns = None if answer.point is None else self.columns(answer.point)
        unsupported = answer.detail if answer.reason is Reason.UNSUPPORTED else ""
        return Found(columns, answer.bound, answer.infeasible, unsupported)


@dataclass
class Whole:
    """The windows so far: their choices and bound, None once one is missing; their cost.

    cut_short: whether time ran out in one of them.
    """

    choices: list[Choice] | None = field(default_factory=list)
    bound: int | None = 0
    value: int = 0
    cut_short: bool = False

    def add(self, tables: Tables, found: Found) -> None:
        """Takes a window's answer in."""
        if self.bound is not None:
            self.bound = None if found.bound is None else self.bound + found.bound
        if self.choices is not None and found.columns is not None:
            self.choices += tables.choices(found.columns)
            self.value += tables.value(found.columns)
        else:
            self.choices = None

    def claim(self, name: str, watch: Stopwatch) -> Claim[SplitFleetPlan]:
        """What is known when all windows were gone through."""
        plan = None if self.choices is None else SplitFleetPlan(choices=tuple(self.choices))
        if plan is not None and self.value == self.bound:
            return Claim(name, Reason.COMPLETED, plan, self.bound)
        if watch.cancelled():
            return Claim(name, Reason.CANCELLED, plan, self.bound)
        if self.cut_short:
            return Claim(name, Reason.TIME_LIMIT, plan, self.bound)
        return Claim(name, Reason.HEURISTIC, plan, self.bound, detail="ended with a gap")


class Progressing:
    """What a method finds in one window, told as a part of the whole."""

    def __init__(
        self,
        report: Progress[SplitFleetPlan] | None,
        tables: Tables,
        before: Whole,
        *,
        last: bool,
    ) -> None:
        self._report, self._tables, self._before, self._last = report, tables, before, last

    def plan(self, columns: Ints) -> None:
        """Columns that fit; a plan of the whole in the last window, with those before it."""
        if self._report is not None and self._last and self._before.choices is not None:
            choices = (*self._before.choices, *self._tables.choices(columns))
            self._report.plan(SplitFleetPlan(choices=choices))

    def bound(self, lower_bound: int) -> None:
        """Nothing in this window costs less, nor is any cost in a later one below 0."""
        if self._report is not None and self._before.bound is not None:
            self._report.bound(self._before.bound + lower_bound)


Window = Callable[[Tables, Stopwatch, Progressing], Found]


def over_windows(
    name: str,
    problem: SplitFleetProblem,
    limits: Limits,
    report: Progress[SplitFleetPlan] | None,
    solve: Window,
) -> Claim[SplitFleetPlan]:
    """Windows do not interact: each gets an equal part of the time that is left."""
    watch = Stopwatch(limits, report)
    whole = Whole()
    for number, tables in enumerate(build(problem), start=1):
        left = len(problem.windows) - number + 1
        part = watch.share(watch.left_ns() // left)
        progress = Progressing(report, tables, whole, last=left == 1)
        found = Found(infeasible=True) if tables.empty else solve(tables, part, progress)
        if found.infeasible:
            return Claim(name, Reason.INFEASIBLE, detail=f"no plan in {tables.window}")
        if found.unsupported:
            return Claim(name, Reason.UNSUPPORTED, detail=found.unsupported)
        whole.add(tables, found)
        whole.cut_short |= part.expired()
    return whole.claim(name, watch)
