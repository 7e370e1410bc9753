"""Least largest load over chains of given ideals: the recurrence of every dynamic program here.

    V[a, c, J] = min over I within J, both among the given ideals, of
                 max(V[a - 1, c, I], load of J - I on an accelerator),
                 max(V[a, c - 1, I], load of J - I on a CPU),  V[a - 1, c, J],  V[a, c - 1, J]

(Tarnawski et al., NeurIPS 2020, §5.1). Under a ceiling T on the load most of it need not be
computed. A net that an ideal I cuts is cut by some device on either side, so that with a of k
accelerators and c of l CPUs before I

    time(I) + cut_ns(I) - R(c) ≤ a T      and      time(V - I) + cut_ns(I) - R'(l - c) ≤ (k - a) T

where R(c) bounds what c CPUs can take off the accelerators in time T each: a fractional knapsack
of the groups' accelerator times and of the nets they are first in (R': last in). Few ideals are
left per (a, c), and the loads of all pairs of them are one product of matrices.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.problems.dag_partition import DeviceClass
from solvers.base import UNREACHABLE, Stopwatch
from solvers.tables.dag_partition import Bools, Ints, Tables
from solvers.tables.dag_partition_ideals import Floats, Ideals, OutOfTimeError

Parts = list[tuple[DeviceClass, list[int]]]
State = tuple[int, int]

# Pairs of ideals whose loads are computed at a time: 8 MiB of them.
_PAIRS = 2**20


@dataclass(frozen=True)
class Figures:
    """Pairs of ideals looked at and values kept."""

    pairs: int = 0
    states: int = 0


class Chain:
    """The recurrence over `ideals` (the first empty, the last full) with loads up to `ceiling`."""

    def __init__(self, ideals: Ideals, ceiling: int, watch: Stopwatch) -> None:
        self.ideals = ideals
        self.tables = ideals.tables
        self.ceiling = ceiling
        self.watch = watch
        self.pairs = 0
        self.states = 0
        self.value: dict[State, Ints] = {}
        self._relief = _Relief(self.tables, ceiling)

    def solve(self) -> tuple[int, Parts] | None:
        """The least largest load and its parts, or None where none is up to the ceiling."""
        last = (self.tables.accelerators, self.tables.cpus)
        for a in range(last[0] + 1):
            for c in range(last[1] + 1):
                self._fill((a, c))
        best = int(self.value[last][-1])
        return None if best >= UNREACHABLE else (best, self._trace(last))

    def _fill(self, state: State) -> None:
        value = np.full(self.ideals.held.shape[0], UNREACHABLE, dtype=np.int64)
        columns = np.flatnonzero(self._window(state))
        if state == (0, 0):
            value[0] = 0
        for _, before in _before(state):
            value[columns] = np.minimum(value[columns], self.value[before][columns])
        for device, before in _before(state):
            self._add_device(device, self.value[before], columns, value)
        value[value > self.ceiling] = UNREACHABLE
        self.states += int((value < UNREACHABLE).sum())
        self.value[state] = value

    def _window(self, state: State) -> Bools:
        """[n] whether an ideal may be what these devices hold together."""
        ideals, tables, relief = self.ideals, self.tables, self._relief
        a, c = state
        done, cut = ideals.accelerator_ns, ideals.cut_ns
        before = done + cut - relief.before(c, cut)
        after = done[-1] - done + cut - relief.after(tables.cpus - c, cut)
        window: Bools = before <= a * self.ceiling
        window &= after <= (tables.accelerators - a) * self.ceiling
        return window

    def _add_device(self, device: DeviceClass, source: Ints, columns: Ints, value: Ints) -> None:
        """Lower `value` by all ways to add one device to `source`."""
        key = self.ideals.cpu_ns
        if device is DeviceClass.ACCELERATOR:
            key = self.ideals.accelerator_ns
        rows = np.flatnonzero(source < UNREACHABLE)
        rows = rows[np.argsort(key[rows], kind="stable")]
        columns = columns[np.argsort(key[columns], kind="stable")]
        for block, reach in _blocks(key[rows], key[columns], self.ceiling):
            if self.watch.expired():
                raise OutOfTimeError
            inner, outer = rows[block], columns[reach]
            loads = self._loads(device, inner, outer)
            np.maximum(loads, source[inner][:, np.newaxis], out=loads)
            least = np.minimum(loads.min(axis=0), UNREACHABLE).astype(np.int64)
            value[outer] = np.minimum(value[outer], least)
            self.pairs += loads.size

    def _loads(self, device: DeviceClass, rows: Ints, columns: Ints) -> Floats:
        if device is DeviceClass.CPU:
            return self.ideals.cpu_loads(rows, columns)
        return self.ideals.accelerator_loads(rows, columns)

    def _trace(self, state: State) -> Parts:
        """The parts of the best plan, in order."""
        parts: Parts = []
        column = self.ideals.held.shape[0] - 1
        while state != (0, 0):
            device, state, row = self._step(state, column)
            taken = np.flatnonzero(self.ideals.held[column] & ~self.ideals.held[row])
            parts.append((device, taken.tolist()))
            column = row
        return parts[::-1]

    def _step(self, state: State, column: int) -> tuple[DeviceClass, State, int]:
        """The last device of a value of the table, the state before it, and its ideal."""
        target = self.value[state][column]
        for device, before in _before(state):
            if self.value[before][column] == target:
                return device, before, column
        for device, before in _before(state):
            rows = np.flatnonzero(self.value[before] <= target)
            if rows.size:
                loads = self._loads(device, rows, np.array([column]))[:, 0]
                hits = np.flatnonzero(loads <= target)
                if hits.size:
                    return device, before, int(rows[hits[0]])
        raise AssertionError("a value of the table has no predecessor")


def least(
    ideals: Ideals, limit: int, watch: Stopwatch, first: int | None = None
) -> tuple[tuple[int, Parts] | None, Figures]:
    """The least largest load up to `limit` and its parts, None where there is none; and figures.

    The ceiling rises from `first` (an accelerator's share of the work where left out) by quarters
    up to the limit: the first plan found is best, and what fails on the way is cheap.
    Raises OutOfTimeError.
    """
    tables = ideals.tables
    share = int(tables.accelerator_ns.sum()) // max(1, tables.accelerators)
    ceiling = share + share // 16 if first is None else first
    figures = Figures()
    while True:
        ceiling = min(max(ceiling, 1), limit)
        chain = Chain(ideals, ceiling, watch)
        found = chain.solve()
        figures = Figures(figures.pairs + chain.pairs, figures.states + chain.states)
        if found is not None or ceiling >= limit:
            return found, figures
        ceiling += ceiling // 4 + 1


def _before(state: State) -> list[tuple[DeviceClass, State]]:
    """Which device may be the last of these, and what is left without it."""
    a, c = state
    found = [(DeviceClass.ACCELERATOR, (a - 1, c))] if a else []
    return found + ([(DeviceClass.CPU, (a, c - 1))] if c else [])


def _blocks(rows: Ints, columns: Ints, reach: int) -> Iterator[tuple[slice, slice]]:
    """Slices of ascending row keys, each with the columns at most `reach` above one of them."""
    start = 0
    while start < rows.size:
        low = int(np.searchsorted(columns, rows[start], side="left"))
        high = int(np.searchsorted(columns, rows[start] + reach, side="right"))
        stop = min(rows.size, start + max(1, _PAIRS // max(1, high - low)))
        high = int(np.searchsorted(columns, rows[stop - 1] + reach, side="right"))
        if high > low:
            yield slice(start, stop), slice(low, high)
        start = stop


class _Relief:
    """What CPUs can take off the accelerators at most, ns of accelerator load.

    Either bound holds: groups with their nets, or groups alone and all nets that the ideal cuts.
    """

    def __init__(self, tables: Tables, ceiling: int) -> None:
        self._ceiling = ceiling
        self._tables = tables
        first, last = tables.first_and_last
        self._first = tables.accelerator_ns + first.T @ tables.net_ns
        self._last = tables.accelerator_ns + last.T @ tables.net_ns

    def before(self, cpus: int, cut_ns: Ints) -> Ints:
        """[n] for CPUs that stand before ideals that cut nets of `cut_ns`."""
        return self._least(self._first, cpus, cut_ns)

    def after(self, cpus: int, cut_ns: Ints) -> Ints:
        """[n] for CPUs that stand after them."""
        return self._least(self._last, cpus, cut_ns)

    def _least(self, gain: Ints, cpus: int, cut_ns: Ints) -> Ints:
        alone = self._most(self._tables.accelerator_ns, cpus)
        limit = self._most(gain, cpus)
        return np.minimum(limit, alone + (cut_ns if cpus else 0))

    def _most(self, gain: Ints, cpus: int) -> int:
        """Fractional knapsack, rounded up: gains against CPU time."""
        if cpus == 0:
            return 0
        useful = np.flatnonzero(gain > 0)
        time, gain = self._tables.cpu_ns[useful], gain[useful]
        order = np.argsort(time / gain, kind="stable")
        time, gain = np.cumsum(time[order]), gain[order]
        whole = int(np.searchsorted(time, cpus * self._ceiling, side="right"))
        # The first group that does not fit counts in full: a bound all the same, and an integer.
        return int(gain[: whole + 1].sum())
