"""Integer tables of an offload placement: clients, columns, copies, bases and budget rows.

A *client* is an expert at a site, numbered by layer, site, expert. A *column* lets a client be
served by a copy; columns of a client stand side by side. Rows are budgets in this order: the rooms
of holders with limited memory, then losses, busy times, and minus the experts served as themselves
(at most -top_k). Columns that a free one of the same client beats in every respect are left out:
an origin's copy of the expert itself costs no memory, no loss and counts as itself.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.problems.offload_placement import (
    Copy,
    LayerPlan,
    Mode,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
)
from solvers.tables.offload_placement_build import Ints, Rows, columns_of, rows_of
from solvers.tables.offload_placement_reduced import patterns_of, undominated

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tables:
    """What every method reads.

    start: [C + 1] where the columns of each client begin; cost, time: [N] ns over the horizon and
    per activation; copy: [N]; uses: per kind of budget (row [N], amount [N]), row -1 for none;
    key: [K, 5] layer, representative, mode, precision, holder of each copy; size, price, room_row:
    [K] bytes, ns to move it there, row or -1; base: [K] or -1; base_size, base_price, base_row:
    [B]; capacity: [R]; memory: how many rows are rooms; layer_of: [C]; patterns: tokens [P] and
    the clients of each, flat, with their starts [P + 1], None where times add up.
    """

    problem: OffloadPlacementProblem
    start: Ints
    cost: Ints
    time: Ints
    copy: Ints
    uses: tuple[tuple[Ints, Ints], ...]
    key: Ints
    size: Ints
    price: Ints
    room_row: Ints
    base: Ints
    base_size: Ints
    base_price: Ints
    base_row: Ints
    capacity: Ints
    memory: int
    layer_of: Ints
    patterns: tuple[Ints, Ints, Ints] | None

    @property
    def clients(self) -> int:
        """The number C."""
        return len(self.start) - 1

    @property
    def empty(self) -> bool:
        """Whether some client has no column at all, so that there is no plan."""
        return bool((np.diff(self.start) == 0).any())

    @property
    def client_of(self) -> Ints:
        """[N] the client of each column."""
        return np.repeat(np.arange(self.clients), np.diff(self.start))

    @property
    def own(self) -> Bools:
        """[N] whether an expert is served as itself."""
        row, amount = self.uses[-1]
        return (row >= 0) & (amount < 0)

    @property
    def free(self) -> Bools:
        """[K] whether a copy costs nothing to have: no room, no move, no base that does."""
        bases = np.append((self.base_row < 0) & (self.base_price == 0), np.True_)
        found: Bools = (self.room_row < 0) & (self.price == 0) & bases[self.base]
        return found

    def used(self, chosen: Ints) -> tuple[Ints, Ints]:
        """The copies and the bases that a choice of columns [C] needs."""
        copies = np.unique(self.copy[chosen])
        bases = np.unique(self.base[copies])
        return copies, bases[bases >= 0]

    def use(self, chosen: Ints) -> Ints:
        """[R] what a choice of columns takes of each budget."""
        total = np.zeros(len(self.capacity), dtype=np.int64)
        copies, bases = self.used(chosen)
        parts = [(self.room_row[copies], self.size[copies])]
        parts += [(self.base_row[bases], self.base_size[bases])]
        parts += [(row[chosen], amount[chosen]) for row, amount in self.uses]
        for row, amount in parts:
            there = row >= 0
            np.add.at(total, row[there], amount[there])
        return total

    def fits(self, chosen: Ints) -> bool:
        """Whether a choice of columns keeps to all budgets."""
        return bool((self.use(chosen) <= self.capacity).all())

    def value(self, chosen: Ints) -> int:
        """Objective of a choice of columns."""
        return self.moving(chosen) + int(self.waiting(chosen).sum())

    def moving(self, chosen: Ints) -> int:
        """What the copies and bases of some columns cost to bring to their holders."""
        copies, bases = self.used(chosen)
        return int(self.price[copies].sum() + self.base_price[bases].sum())

    def waiting(self, chosen: Ints) -> Ints:
        """[layers] latency of a choice of columns."""
        found = np.zeros(len(self.problem.layers), dtype=np.int64)
        if self.patterns is None:
            np.add.at(found, self.layer_of, self.cost[chosen])
        elif len(self.patterns[0]):
            tokens, clients, starts = self.patterns
            layers = self.layer_of[clients[starts[:-1]]]
            np.add.at(found, layers, tokens * self.slowest(chosen))
        return found

    def slowest(self, chosen: Ints) -> Ints:
        """[P] the time of each pattern's slowest expert."""
        if self.patterns is None or not len(self.patterns[0]):
            return np.zeros(0, dtype=np.int64)
        _, clients, starts = self.patterns
        times: Ints = np.maximum.reduceat(self.time[chosen][clients], starts[:-1])
        return times

    def safest(self) -> Ints:
        """[C] for each client its cheapest free column, else its cheapest."""
        order: Ints = np.lexsort((self.cost, ~self.free[self.copy], self.client_of))
        return order[self.start[:-1]]

    def plan(self, chosen: Ints) -> OffloadPlacementPlan:
        """The plan of a choice of columns; merged copies that serve only themselves are kept."""
        problem = self.problem
        sites, layers, at = len(problem.sites), [], 0
        own = _own_weights(problem)
        for number, layer in enumerate(problem.layers):
            size = sites * layer.experts
            used, served = np.unique(self.copy[chosen[at : at + size]], return_inverse=True)
            alone = _serves_itself_only(self.key[used, 1], served.reshape(sites, layer.experts))
            copies = tuple(
                self._copy(copy, is_kept=bool(alone[i]) and (number, int(self.key[copy, 1])) in own)
                for i, copy in enumerate(used.tolist())
            )
            rows = served.reshape(sites, layer.experts).tolist()
            layers.append(
                LayerPlan(layer=layer.name, copies=copies, served=tuple(tuple(r) for r in rows))
            )
            at += size
        return OffloadPlacementPlan(layers=tuple(layers))

    def _copy(self, index: int, *, is_kept: bool) -> Copy:
        _, expert, mode, precision, holder = self.key[index].tolist()
        kind = MODES[mode]
        return Copy(
            expert=expert,
            mode=Mode.KEEP if kind is Mode.MERGE and is_kept else kind,
            precision=self.problem.precisions[precision].name,
            holder=self.problem.holders[holder].name,
        )

    def columns(self, plan: OffloadPlacementPlan) -> Ints | None:
        """[C] the columns of a plan, None where its shape is wrong or a client has none.

        A column that was left out is replaced by the free one that beats it.
        """
        if [item.layer for item in plan.layers] != [item.name for item in self.problem.layers]:
            return None
        wanted = np.full(self.clients, -1, dtype=np.int64)
        index = {tuple(row): number for number, row in enumerate(self.key.tolist())}
        at = 0
        for number, (layer, item) in enumerate(zip(self.problem.layers, plan.layers, strict=True)):
            if [len(row) for row in item.served] != [layer.experts] * len(self.problem.sites):
                return None
            copies = np.array([self._index(index, number, copy) for copy in item.copies] + [-1])
            served = np.array(item.served).ravel()
            if (served >= len(item.copies)).any():
                return None
            wanted[at : at + len(served)] = copies[served]
            at += len(served)
        return self._matching(wanted)

    def _index(self, index: dict[tuple[int, ...], int], layer: int, copy: Copy) -> int:
        precisions = [item.name for item in self.problem.precisions]
        holders = [item.name for item in self.problem.holders]
        if copy.precision not in precisions or copy.holder not in holders:
            return -1
        place = (precisions.index(copy.precision), holders.index(copy.holder))
        modes = (copy.mode, Mode.MERGE) if copy.mode is Mode.KEEP else (copy.mode,)
        keys = ((layer, copy.expert, MODES.index(mode), *place) for mode in modes)
        return next((index[key] for key in keys if key in index), -1)

    def _matching(self, wanted: Ints) -> Ints | None:
        hit = self.copy == np.repeat(wanted, np.diff(self.start))
        free = self.free[self.copy] & self.own
        chosen = np.empty(self.clients, dtype=np.int64)
        for client, (a, b) in enumerate(pairwise(self.start.tolist())):
            for mask in (hit[a:b], free[a:b]):
                found = np.flatnonzero(mask)
                if found.size:
                    chosen[client] = a + int(found[0])
                    break
            else:
                return None
        return chosen


MODES = tuple(Mode)


def _own_weights(problem: OffloadPlacementProblem) -> set[tuple[int, int]]:
    """(layer, representative) of merged copies that have the expert's own weights."""
    return {
        (number, j)
        for number, layer in enumerate(problem.layers)
        for j in {j for _, j, _ in layer.merge} - {i for i, j, d in layer.merge if i == j and d}
    }


def _serves_itself_only(representative: Ints, served: Ints) -> Bools:
    """[copies] whether no other expert is served; served: [sites, experts] copy indices."""
    expert = np.broadcast_to(np.arange(served.shape[1]), served.shape)
    others = served[representative[served] != expert]
    alone = np.ones(len(representative), dtype=np.bool_)
    alone[others] = False
    return alone


def build(problem: OffloadPlacementProblem) -> Tables:
    """The tables; O(columns), some 10⁶ of them per second."""
    rows = rows_of(problem)
    columns = columns_of(problem, rows)
    kept = undominated(columns)
    used, copy = np.unique(columns.copy[kept], return_inverse=True)
    capacity = rows.capacity.copy()
    for row in range(rows.memory):
        own, based = columns.room_row[used] == row, columns.base_row == row
        sizes = np.concatenate([columns.size[used][own], columns.base_size[based]])
        # Room for part of a copy is none: sums of sizes are multiples of their common divisor.
        divisor = max(1, int(np.gcd.reduce(sizes))) if sizes.size else 1
        capacity[row] -= capacity[row] % divisor
    counts = np.bincount(columns.client[kept], minlength=columns.clients)
    return Tables(
        problem=problem,
        start=np.concatenate([[0], np.cumsum(counts)]),
        cost=columns.cost[kept],
        time=columns.time[kept],
        copy=copy,
        uses=tuple((row[kept], amount[kept]) for row, amount in columns.uses),
        key=columns.key[used],
        size=columns.size[used],
        price=columns.price[used],
        room_row=columns.room_row[used],
        base=columns.base[used],
        base_size=columns.base_size,
        base_price=columns.base_price,
        base_row=columns.base_row,
        capacity=capacity,
        memory=rows.memory,
        layer_of=columns.layer_of,
        patterns=patterns_of(problem),
    )


__all__ = ["MODES", "Bools", "Ints", "Rows", "Tables", "build"]
