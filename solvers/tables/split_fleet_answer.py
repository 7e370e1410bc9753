"""The integer program of a fleet in one window, and one claim from the answers of all windows."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.problems.split_fleet import Choice, SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
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

    def found(self, answer: Answer) -> Found:
        """The window's answer."""
        columns = None if answer.point is None else self.kept[answer.point == 1]
        unsupported = answer.detail if answer.reason is Reason.UNSUPPORTED else ""
        return Found(columns, answer.bound, answer.infeasible, unsupported)


def over_windows(
    name: str,
    problem: SplitFleetProblem,
    watch: Stopwatch,
    solve: Callable[[Tables], Found],
) -> Claim[SplitFleetPlan]:
    """Windows do not interact: their plans are put together and their bounds added."""
    choices: list[Choice] | None = []
    bound: int | None = 0
    value = 0
    for tables in build(problem):
        found = Found(infeasible=True) if tables.empty else solve(tables)
        if found.infeasible:
            return Claim(name, Reason.INFEASIBLE, detail=f"no plan in {tables.window}")
        if found.unsupported:
            return Claim(name, Reason.UNSUPPORTED, detail=found.unsupported)
        bound = None if bound is None or found.bound is None else bound + found.bound
        if choices is None or found.columns is None:
            choices = None
        else:
            choices += tables.choices(found.columns)
            value += tables.value(found.columns)
    plan = None if choices is None else SplitFleetPlan(choices=tuple(choices))
    if plan is not None and value == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    if watch.cancelled():
        return Claim(name, Reason.CANCELLED, plan, bound)
    if watch.expired():
        return Claim(name, Reason.TIME_LIMIT, plan, bound)
    return Claim(name, Reason.HEURISTIC, plan, bound, detail="ended with a gap")
