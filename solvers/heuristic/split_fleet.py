"""Baselines for a fleet, and a greedy method.

Streams in turn start on the column that leaves its fullest row least full; overloads are repaired
by single changes; where one remains, the method gives no plan. Then

- all-local, all-remote: each stream in turn takes its best local, or remote, column that fits;
- one-bottleneck-for-all: the same with one option by name for all streams, the best such name;
- neurosurgeon: each stream in turn takes its fastest column that fits, whatever the objective
  (each plans for itself: Kang et al., ASPLOS 2017);
- greedy-density: repeatedly the change of one stream's column that saves most per share of
  capacity it takes (Toyoda, Management Science 1975), then changes that save and fit;
- random: each stream in turn takes a column drawn by the seed, where it fits.
"""

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.problems.split_fleet import Choice, SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.split_fleet import Ints, Tables, build


class Loaded:
    """A choice of one column per stream and the room it leaves."""

    def __init__(self, tables: Tables, columns: Ints) -> None:
        self.tables = tables
        self.columns = columns.copy()
        self.room = tables.capacity - tables.use(columns)

    @property
    def fits(self) -> bool:
        """Whether no row is overloaded."""
        return bool((self.room >= 0).all())

    def take(self, stream: int, column: int) -> bool:
        """Gives a stream another column, unless a row that this loads more would overflow."""
        before = self.room.copy()
        self._add(int(self.columns[stream]), 1)
        self._add(column, -1)
        if ((self.room < 0) & (self.room < before)).any():
            self.room = before
            return False
        self.columns[stream] = column
        return True

    def move(self, stream: int, column: int) -> None:
        """Gives a stream another column, whatever overflows."""
        self._add(int(self.columns[stream]), 1)
        self._add(column, -1)
        self.columns[stream] = column

    def _add(self, column: int, sign: int) -> None:
        tables = self.tables
        if tables.row_up[column] >= 0:
            self.room[tables.row_up[column]] += sign * tables.load_up[column]
            self.room[tables.row_on[column]] += sign * tables.load_on[column]


def shares(tables: Tables) -> npt.NDArray[np.float64]:
    """[N] the largest share of a row's capacity that a column takes."""
    most = np.maximum(tables.capacity, 1)
    up = np.where(tables.row_up >= 0, tables.load_up / most[tables.row_up], 0.0)
    on = np.where(tables.row_on >= 0, tables.load_on / most[tables.row_on], 0.0)
    shares: npt.NDArray[np.float64] = np.maximum(up, on)
    return shares


def started(tables: Tables, watch: Stopwatch) -> Loaded:
    """The least demanding columns, repaired where they overload a row."""
    loaded = Loaded(tables, least_demanding(tables))
    repair(loaded, watch)
    return loaded


def least_demanding(tables: Tables) -> Ints:
    """[C] for each stream in turn the column that leaves its fullest row least full."""
    most = np.maximum(tables.capacity, 1)
    used = np.zeros(len(most) + 1)  # the last stands for no row
    up = np.where(tables.row_up >= 0, tables.load_up / most[tables.row_up], 0.0)
    on = np.where(tables.row_on >= 0, tables.load_on / most[tables.row_on], 0.0)
    chosen = np.empty(tables.streams, dtype=np.int64)
    for stream, (a, b) in enumerate(pairwise(tables.start.tolist())):
        rows = tables.row_up[a:b], tables.row_on[a:b]
        full = np.maximum(used[rows[0]] + up[a:b], used[rows[1]] + on[a:b])
        full[rows[0] < 0] = 0.0
        column = a + int(np.lexsort((tables.cost[a:b], full))[0])
        chosen[stream] = column
        if tables.row_up[column] >= 0:
            used[tables.row_up[column]] += up[column]
            used[tables.row_on[column]] += on[column]
    return chosen


def repair(loaded: Loaded, watch: Stopwatch) -> None:
    """Changes of single columns that lessen the overloads, the cheapest per part lessened."""
    tables = loaded.tables
    most = np.maximum(tables.capacity, 1)
    stream_of = np.repeat(np.arange(tables.streams), np.diff(tables.start))
    while not loaded.fits and not watch.expired():
        held = loaded.columns[stream_of]
        row = np.maximum(tables.row_up, tables.row_up[held])
        change = np.zeros(len(held))
        for rows, loads in (
            (row, tables.load_up - tables.load_up[held]),
            (tables.row_on, np.where(tables.row_on == tables.row_on[held], 0, tables.load_on)),
            (
                tables.row_on[held],
                np.where(tables.row_on == tables.row_on[held], tables.load_on, 0)
                - tables.load_on[held],
            ),
        ):
            room = loaded.room[rows]
            less = np.minimum(room - loads, 0) - np.minimum(room, 0)
            change -= np.where(rows >= 0, less / most[rows], 0.0)
        useful = np.flatnonzero(change < -1e-12)
        if not useful.size:
            return
        dearer = np.maximum(tables.cost - tables.cost[held], 0)[useful]
        best = int(useful[np.lexsort((change[useful], dearer / -change[useful]))[0]])
        loaded.move(int(stream_of[best]), best)


def improve(loaded: Loaded, watch: Stopwatch) -> None:
    """Changes of single columns that save, the most saved per share taken first, until none fits.

    Each round goes once through all changes in that order, so that rounds are few.
    """
    tables = loaded.tables
    share = shares(tables)
    stream_of = np.repeat(np.arange(tables.streams), np.diff(tables.start))
    while not watch.expired():
        held = loaded.columns[stream_of]
        saved = tables.cost[held] - tables.cost
        taken = np.maximum(share - share[held], 1e-9)
        useful = np.flatnonzero(saved > 0)
        changed = False
        moved: set[int] = set()
        for column in useful[np.argsort(-saved[useful] / taken[useful], kind="stable")].tolist():
            stream = int(stream_of[column])
            if stream not in moved and loaded.take(stream, column):
                moved.add(stream)
                changed = True
        if not changed:
            return


class _InTurn:
    """Streams in the order of the document take the first of their wishes that fits."""

    name: str

    def solve(
        self,
        problem: SplitFleetProblem,
        limits: Limits,
        hint: SplitFleetPlan | None = None,
        report: Progress[SplitFleetPlan] | None = None,
    ) -> Claim[SplitFleetPlan]:
        """A plan, or none where the method finds none."""
        watch = Stopwatch(limits, report)
        rng = random.Random(limits.seed)  # noqa: S311  # a baseline, not a secret
        choices: list[Choice] = []
        for tables in build(problem):
            columns = None if tables.empty else self.window(problem, tables, rng, watch)
            if columns is None:
                reason = watch.reason(Reason.HEURISTIC)
                return Claim(self.name, reason, detail=f"no plan in {tables.window}")
            choices += tables.choices(columns)
        reason = watch.reason(Reason.HEURISTIC)
        return Claim(self.name, reason, SplitFleetPlan(choices=tuple(choices)))

    def window(
        self, problem: SplitFleetProblem, tables: Tables, rng: random.Random, watch: Stopwatch
    ) -> Ints | None:
        """[C] columns for one window, None where no plan was found."""
        loaded = started(tables, watch)
        for stream, (a, b) in enumerate(pairwise(tables.start.tolist())):
            for column in self.wishes(problem, tables, range(a, b), rng):
                if loaded.take(stream, column):
                    break
        return loaded.columns if loaded.fits else None

    def wishes(
        self, problem: SplitFleetProblem, tables: Tables, columns: range, rng: random.Random
    ) -> Iterator[int]:
        """Columns of a stream in the order in which it wants them."""
        raise NotImplementedError


def _by_cost(tables: Tables, columns: list[int]) -> list[int]:
    return sorted(columns, key=lambda column: int(tables.cost[column]))


class AllLocal(_InTurn):
    """Local columns where there are any."""

    name = "all-local"

    def wishes(
        self, problem: SplitFleetProblem, tables: Tables, columns: range, rng: random.Random
    ) -> Iterator[int]:
        """See the module."""
        yield from _by_cost(tables, [c for c in columns if tables.row_up[c] < 0])


class AllRemote(_InTurn):
    """Columns on a server where they fit."""

    name = "all-remote"

    def wishes(
        self, problem: SplitFleetProblem, tables: Tables, columns: range, rng: random.Random
    ) -> Iterator[int]:
        """See the module."""
        yield from _by_cost(tables, [c for c in columns if tables.row_up[c] >= 0])


class Neurosurgeon(_InTurn):
    """Each stream for itself."""

    name = "neurosurgeon"

    def wishes(
        self, problem: SplitFleetProblem, tables: Tables, columns: range, rng: random.Random
    ) -> Iterator[int]:
        """See the module."""
        stream = next(s for s in problem.streams if s.name == tables.names[columns[0]][0])
        options = {option.name: option for option in problem.options[stream.catalogue]}
        uplink = next(u for u in problem.uplinks if u.name == stream.uplink)

        def time(column: int) -> int:
            option = options[tables.names[column][1]]
            wire = 0 if option.is_local else 8 * option.sent_bytes * 10**9
            away = wire // uplink.bandwidth_bit_per_s + option.server_ns
            return option.device_ns + away

        yield from sorted(columns, key=time)


class Random(_InTurn):
    """Columns by the seed."""

    name = "random"

    def wishes(
        self, problem: SplitFleetProblem, tables: Tables, columns: range, rng: random.Random
    ) -> Iterator[int]:
        """See the module."""
        yield from rng.sample(list(columns), len(columns))


class OneForAll(_InTurn):
    """The best option by name for all streams that can take it."""

    name = "one-bottleneck-for-all"

    def window(
        self, problem: SplitFleetProblem, tables: Tables, rng: random.Random, watch: Stopwatch
    ) -> Ints | None:
        """See the module."""
        first = started(tables, watch)
        best = first.columns if first.fits else None
        by_option: dict[str, dict[int, list[int]]] = {}
        for stream, (a, b) in enumerate(pairwise(tables.start.tolist())):
            for column in range(a, b):
                name = tables.names[column][1]
                by_option.setdefault(name, {}).setdefault(stream, []).append(column)
        for wanted in by_option.values():
            loaded = Loaded(tables, first.columns)
            for stream, columns in wanted.items():
                any(loaded.take(stream, column) for column in _by_cost(tables, columns))
            better = best is None or tables.value(loaded.columns) < tables.value(best)
            if loaded.fits and better:
                best = loaded.columns
        return best


class GreedyDensity(_InTurn):
    """The most saved per share of capacity first."""

    name = "greedy-density"

    def window(
        self, problem: SplitFleetProblem, tables: Tables, rng: random.Random, watch: Stopwatch
    ) -> Ints | None:
        """See the module."""
        loaded = started(tables, watch)
        improve(loaded, watch)
        return loaded.columns if loaded.fits else None
