"""Local search over placements, for either way in which times add up.

It starts from the hint or the best baseline. A *copy* moves with all whom it serves:

    move      to another holder or precision that has room
    exchange  two copies change places, one towards the faster holder, the other away from it
    adopt     an expert goes over to another copy that is there, or back to where all is held

Moves are priced exactly, patterns included, and taken while one of them saves.
"""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic.offload_placement import FrequencyGreedy, LinkageThenPlace, Placement
from solvers.tables.offload_placement import Ints, Tables, build

# Exchanges that are looked at: this many of the best moves up times as many of the best down.
_PAIRS = 40
_ROUNDS = 200


class _State:
    """A choice of columns that keeps to all budgets, and what it costs."""

    def __init__(self, tables: Tables, chosen: Ints) -> None:
        self.tables = tables
        self.chosen = chosen.copy()
        self.use = tables.use(chosen)
        self.count = np.bincount(tables.copy[chosen], minlength=len(tables.size))
        self.bases = np.bincount(self._bases(chosen), minlength=len(tables.base_size) + 1)
        self._patterns = _by_client(tables)

    def _bases(self, chosen: Ints) -> Ints:
        copies = np.unique(self.tables.copy[chosen])
        based: Ints = self.tables.base[copies]
        return np.where(based < 0, len(self.tables.base_size), based)

    def change(self, columns: Ints) -> tuple[int, Ints] | None:
        """What it costs to take other columns (one per client), and their use; None without room.

        Exact; O(columns + patterns of their clients).
        """
        tables = self.tables
        clients = np.searchsorted(tables.start, columns, side="right") - 1
        before = self.chosen[clients]
        use = np.zeros_like(self.use)
        for row, amount in tables.uses:
            for side, sign in ((before, -1), (columns, 1)):
                there = row[side] >= 0
                np.add.at(use, row[side][there], sign * amount[side][there])
        price = self._stored(before, columns, use)
        if (self.use + use > tables.capacity)[use > 0].any():
            return None
        return price + self._timed(clients, before, columns), use

    def _stored(self, before: Ints, columns: Ints, use: Ints) -> int:
        """Adds what copies that come and go take, and says what they cost to have."""
        tables = self.tables
        change: dict[int, int] = defaultdict(int)
        for side, sign in ((before, -1), (columns, 1)):
            for copy in tables.copy[side].tolist():
                change[copy] += sign
        price, bases = 0, defaultdict[int, int](int)
        for copy, difference in change.items():
            sign = int(self.count[copy] + difference > 0) - int(self.count[copy] > 0)
            price += sign * int(tables.price[copy])
            if sign and tables.room_row[copy] >= 0:
                use[tables.room_row[copy]] += sign * tables.size[copy]
            if sign and tables.base[copy] >= 0:
                bases[int(tables.base[copy])] += sign
        for base, difference in bases.items():
            sign = int(self.bases[base] + difference > 0) - int(self.bases[base] > 0)
            price += sign * int(tables.base_price[base])
            if sign and tables.base_row[base] >= 0:
                use[tables.base_row[base]] += sign * tables.base_size[base]
        return price

    def _timed(self, clients: Ints, before: Ints, columns: Ints) -> int:
        tables = self.tables
        if tables.patterns is None:
            return int((tables.cost[columns] - tables.cost[before]).sum())
        tokens, members, starts = tables.patterns
        touched = np.unique(np.concatenate([self._patterns[client] for client in clients.tolist()]))
        if not touched.size:
            return 0
        lengths = starts[touched + 1] - starts[touched]
        ends = np.cumsum(lengths)
        flat = np.arange(ends[-1]) + np.repeat(starts[touched] - ends + lengths, lengths)
        now = tables.time[self.chosen[members[flat]]]
        later = tables.time[self.chosen]
        later[clients] = tables.time[columns]
        firsts = ends - lengths
        slower = np.maximum.reduceat(later[members[flat]], firsts)
        return int((tokens[touched] * (slower - np.maximum.reduceat(now, firsts))).sum())

    def take(self, columns: Ints, use: Ints) -> None:
        """Makes a change that was priced."""
        tables = self.tables
        clients = np.searchsorted(tables.start, columns, side="right") - 1
        self.chosen[clients] = columns
        self.use = self.use + use
        self.count = np.bincount(tables.copy[self.chosen], minlength=len(tables.size))
        self.bases = np.bincount(self._bases(self.chosen), minlength=len(tables.base_size) + 1)


def _by_client(tables: Tables) -> list[Ints]:
    """The patterns of each client."""
    if tables.patterns is None:
        return []
    tokens, members, starts = tables.patterns
    of = np.repeat(np.arange(len(tokens)), np.diff(starts))
    order = np.argsort(members, kind="stable")
    ends = np.searchsorted(members[order], np.arange(tables.clients + 1))
    return [of[order[a:b]] for a, b in pairwise(ends.tolist())]


class _Moves:
    """The moves that a state has."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        order = np.argsort(tables.copy, kind="stable")
        ends = np.searchsorted(tables.copy[order], np.arange(len(tables.size) + 1))
        client_of = tables.client_of
        self._columns = [
            dict(zip(client_of[order[a:b]].tolist(), order[a:b].tolist(), strict=True))
            for a, b in pairwise(ends.tolist())
        ]
        self._alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for copy, key in enumerate(tables.key.tolist()):
            self._alike[tuple(key[:3])].append(copy)

    def of_copy(self, state: _State, copy: int) -> list[tuple[int, Ints]]:
        """(other copy, columns) of the moves of a copy and all whom it serves."""
        tables = self.tables
        clients = self.served(state, copy)
        found = []
        for other in self._alike[tuple(tables.key[copy, :3].tolist())]:
            columns = [self._columns[other].get(client) for client in clients]
            if other != copy and all(column is not None for column in columns):
                found.append((other, np.array(columns, dtype=np.int64)))
        return found

    def served(self, state: _State, copy: int) -> list[int]:
        """The clients of a copy."""
        columns = self._columns[copy]
        return [client for client, column in columns.items() if state.chosen[client] == column]

    def of_client(self, state: _State, client: int) -> list[Ints]:
        """Columns of copies that are there, or that cost nothing to have."""
        tables = self.tables
        columns = np.arange(tables.start[client], tables.start[client + 1])
        copies = tables.copy[columns]
        usable = (state.count[copies] > 0) | tables.free[copies]
        return [columns[i : i + 1] for i in np.flatnonzero(usable).tolist()]


def improve(tables: Tables, chosen: Ints, watch: Stopwatch) -> Ints:
    """[C] a choice that no single move, exchange or adoption makes better, or the last in time."""
    state, moves = _State(tables, chosen), _Moves(tables)
    for _ in range(_ROUNDS):
        better = _move_copies(state, moves, watch)
        better |= _adopt(state, moves, watch)
        better |= _exchange(state, moves, watch)
        if not better or watch.expired():
            break
    return state.chosen


def _move_copies(state: _State, moves: _Moves, watch: Stopwatch) -> bool:
    better = False
    for copy in np.flatnonzero(state.count).tolist():
        if watch.expired():
            return better
        priced = [(state.change(columns), columns) for _, columns in moves.of_copy(state, copy)]
        better |= _take_best(state, priced)
    return better


def _adopt(state: _State, moves: _Moves, watch: Stopwatch) -> bool:
    better = False
    for client in range(state.tables.clients):
        if watch.expired():
            return better
        priced = [(state.change(columns), columns) for columns in moves.of_client(state, client)]
        better |= _take_best(state, priced)
    return better


def _take_best(state: _State, priced: list[tuple[tuple[int, Ints] | None, Ints]]) -> bool:
    possible = [(change[0], change[1], columns) for change, columns in priced if change is not None]
    if not possible:
        return False
    saved, use, columns = min(possible, key=lambda item: item[0])
    if saved >= 0:
        return False
    state.take(columns, use)
    return True


def _exchange(state: _State, moves: _Moves, watch: Stopwatch) -> bool:
    """Tries the most promising exchanges; what moves up is priced as if there were room."""
    tables, better = state.tables, False
    room = tables.capacity
    unlimited = np.where(np.arange(len(room)) < tables.memory, np.iinfo(np.int64).max // 2, room)
    wider = _State(replace(tables, capacity=unlimited), state.chosen)
    up: list[tuple[int, Ints]] = []
    down: list[tuple[int, Ints]] = []
    for copy in np.flatnonzero(state.count).tolist():
        if watch.expired():
            return better
        for _, columns in moves.of_copy(state, copy):
            change = wider.change(columns)
            if change is not None:
                (up if change[0] < 0 else down).append((change[0], columns))
    up.sort(key=lambda item: item[0])
    down.sort(key=lambda item: item[0])
    moved: set[int] = set()
    for (gain, rising), (cost, falling) in product(up[:_PAIRS], down[:_PAIRS]):
        both = np.concatenate([rising, falling])
        clients = set((np.searchsorted(tables.start, both, side="right") - 1).tolist())
        if gain + cost >= 0 or len(clients) < len(both) or clients & moved or watch.expired():
            continue
        change = state.change(both)
        if change is not None and change[0] < 0:
            state.take(both, change[1])
            moved |= clients
            better = True
    return better


class LocalSearch:
    """Moves, exchanges and adoptions from the hint or the best baseline."""

    name = "local-search"

    def solve(
        self,
        problem: OffloadPlacementProblem,
        limits: Limits,
        hint: OffloadPlacementPlan | None = None,
        report: Progress[OffloadPlacementPlan] | None = None,
    ) -> Claim[OffloadPlacementPlan]:
        """A plan that no move makes better, or none where it has none to start from."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.empty:
            detail = "an expert can be served by nothing"
            return Claim(self.name, Reason.HEURISTIC, detail=detail)
        starts = list(_starts(tables, watch))
        given = None if hint is None else tables.columns(hint)
        if given is not None and tables.fits(given):
            starts.append(given)
        if not starts:
            reason = watch.reason(Reason.HEURISTIC)
            return Claim(self.name, reason, detail="no plan to start from")
        best = improve(tables, min(starts, key=tables.value), watch)
        return Claim(self.name, watch.reason(Reason.HEURISTIC), tables.plan(best))


def _starts(tables: Tables, watch: Stopwatch) -> list[Ints]:
    found = []
    for method in (LinkageThenPlace(), FrequencyGreedy()):
        placement = Placement(tables)
        method.fill(placement, watch)
        if tables.fits(placement.chosen):
            found.append(placement.chosen)
    return found
