"""All columns, copies and budget rows of an offload placement, layer by layer, as arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.problems.offload_placement import (
    BudgetScope,
    Mode,
    MoeLayer,
    OffloadPlacementProblem,
)
from solvers.base import UNREACHABLE
from solvers.tables.offload_placement_clock import Clock

Ints = npt.NDArray[np.int64]
_MODES = tuple(Mode)
_NONE = -1


@dataclass(frozen=True, eq=False)
class Rows:
    """Budget rows: capacity [R], of which the first `memory` are rooms.

    room, busy: by holder, -1 for none; loss, own: by layer and by (layer, site), -1 for none.
    """

    capacity: Ints
    memory: int
    room: Ints
    busy: Ints
    loss: Ints
    own: Ints


def rows_of(problem: OffloadPlacementProblem) -> Rows:
    """The budgets of a problem and their capacities."""
    capacity: list[int] = []

    def row(limit: int | None) -> int:
        if limit is None:
            return _NONE
        capacity.append(min(limit, UNREACHABLE))
        return len(capacity) - 1

    room = [row(holder.room_bytes) for holder in problem.holders]
    memory = len(capacity)
    active = [sum(map(sum, layer.activations)) for layer in problem.layers]
    budget = problem.loss_budget_ppm
    if budget is None:
        loss = [_NONE] * len(active)
    elif problem.budget_scope is BudgetScope.LAYER:
        loss = [row(budget * count) for count in active]
    else:
        loss = [row(budget * sum(active))] * len(active)
    busy = [row(holder.busy_limit_ns) for holder in problem.holders]
    sites = range(len(problem.sites))
    own = [[row(-layer.top_k) for _ in sites] for layer in problem.layers]
    return Rows(
        capacity=np.array(capacity, dtype=np.int64),
        memory=memory,
        room=np.array(room),
        busy=np.array(busy),
        loss=np.array(loss),
        own=np.array(own),
    )


@dataclass(frozen=True, eq=False)
class Columns:
    """All columns [N] in any order, copies [K] and bases [B]; see Tables, which names them alike.

    client, weight: [N] the client and its activations.
    """

    clients: int
    client: Ints
    weight: Ints
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
    layer_of: Ints


class _Group(NamedTuple):
    """Copies of one mode in one layer: who serves whom how far off, bytes of copy and base."""

    mode: Mode
    pairs: Ints
    own_bytes: int
    base_bytes: int


def _groups(layer: MoeLayer) -> Iterator[_Group]:
    """The modes of a layer; an expert that merging leaves as it is is kept by that copy."""
    merge = {(i, j): d for i, j, d in layer.merge}
    merge |= {(j, j): merge.get((j, j), 0) for _, j, _ in layer.merge}
    kept = [(i, i, 0) for i in range(layer.experts) if merge.get((i, i)) != 0]
    yield _Group(Mode.KEEP, _pairs(kept), layer.expert_bytes, 0)
    yield _Group(Mode.MERGE, _pairs([(*p, d) for p, d in merge.items()]), layer.expert_bytes, 0)
    if layer.distil is not None:
        pairs = _pairs(list(layer.distil.pairs))
        yield _Group(Mode.DISTIL, pairs, layer.distil.student_bytes, 0)
    if layer.share is not None:
        losses = enumerate(layer.share.loss_ppm)
        pairs = _pairs([(i, i, loss) for i, loss in losses if loss is not None])
        yield _Group(Mode.SHARE, pairs, layer.share.delta_bytes, layer.share.base_bytes)


def _pairs(rows: list[tuple[int, int, int]]) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


class _Builder:
    """Collects the arrays of one group after the other."""

    def __init__(self, problem: OffloadPlacementProblem, rows: Rows) -> None:
        self.problem = problem
        self.rows = rows
        self.clock = Clock(problem)
        self.columns: list[Ints] = []  # blocks [columns, 11]
        self.copies: list[Ints] = []  # blocks [copies, 9]
        self.bases: list[tuple[int, int, int]] = []
        self.count = 0
        self.there: set[tuple[int, ...]] = _present(problem)

    def add(self, number: int, group: _Group, client: int) -> None:
        """The copies and columns of a group; client: the first of the layer."""
        if not len(group.pairs):
            return
        layer = self.problem.layers[number]
        representatives, place = np.unique(group.pairs[:, 1], return_inverse=True)
        weights = np.array(layer.activations, dtype=np.int64)
        for precision in range(len(self.problem.precisions)):
            for holder in range(len(self.problem.holders)):
                sizes = self._add_copies(number, group, representatives, (precision, holder))
                if sizes is None:
                    continue
                for site in range(len(self.problem.sites)):
                    first = client + site * layer.experts
                    where = (site, holder, sizes[0] + sizes[1], precision)
                    self._add_columns(number, group.pairs, place, first, weights[site], where)
                self.count += len(representatives)

    def _add_copies(
        self, number: int, group: _Group, representatives: Ints, at: tuple[int, int]
    ) -> tuple[int, int] | None:
        """Bytes of copy and base; None where they never fit."""
        problem, (precision, holder) = self.problem, at
        ratio = problem.precisions[precision].size_ppm
        own, base = (-(-size * ratio // 10**6) for size in (group.own_bytes, group.base_bytes))
        row = int(self.rows.room[holder])
        if row >= 0 and own + base > self.rows.capacity[row]:
            return None
        base_index = _NONE
        if base:
            price = self._price((number, 0, len(_MODES), *at), base, row)
            base_index = len(self.bases)
            self.bases.append((base, price, row))
        mode = _MODES.index(group.mode)
        block = np.empty((len(representatives), 9), dtype=np.int64)
        block[:] = (number, 0, mode, precision, holder, own, 0, row, base_index)
        block[:, 1] = representatives
        keys = [(number, int(j), mode, *at) for j in representatives]
        block[:, 6] = [self._price(key, own, row) for key in keys]
        self.copies.append(block)
        return own, base

    def _price(self, key: tuple[int, ...], size: int, row: int) -> int:
        present = self.problem.present
        if present is None or row < 0 or key in self.there:
            return 0
        return present.price_ns(size)

    def _add_columns(
        self,
        number: int,
        pairs: Ints,
        place: Ints,
        first: int,
        weights: Ints,
        where: tuple[int, int, int, int],
    ) -> None:
        site, holder, size, precision = where
        spent = self.clock.spent(site, holder, size)
        if spent is None:
            return
        time, compute, computed_on = spent
        weight = weights[pairs[:, 0]]
        lost = pairs[:, 2] + self.problem.precisions[precision].loss_ppm
        own = pairs[:, 0] == pairs[:, 1]
        rows = self.rows
        block = np.empty((len(pairs), 11), dtype=np.int64)
        block[:, 0] = first + pairs[:, 0]
        block[:, 1] = weight
        block[:, 2] = weight * time
        block[:, 3] = time
        block[:, 4] = self.count + place
        block[:, 5], block[:, 6] = rows.loss[number], weight * lost
        block[:, 7], block[:, 8] = rows.busy[computed_on], weight * compute
        block[:, 9], block[:, 10] = (
            np.where(own, rows.own[number, site], _NONE),
            np.where(own, -1, 0),
        )
        loss_row = int(rows.loss[number])
        if loss_row >= 0:
            block = block[block[:, 6] <= rows.capacity[loss_row]]
        self.columns.append(block)


def columns_of(problem: OffloadPlacementProblem, rows: Rows) -> Columns:
    """All columns of a problem."""
    builder = _Builder(problem, rows)
    client, layer_of = 0, []
    for number, layer in enumerate(problem.layers):
        for group in _groups(layer):
            builder.add(number, group, client)
        size = layer.experts * len(problem.sites)
        layer_of += [number] * size
        client += size
    columns = np.concatenate([np.zeros((0, 11), dtype=np.int64), *builder.columns])
    copies = np.concatenate([np.zeros((0, 9), dtype=np.int64), *builder.copies])
    bases = np.array(builder.bases, dtype=np.int64).reshape(-1, 3)
    part = [np.ascontiguousarray(column) for column in columns.T]
    return Columns(
        clients=client,
        client=part[0],
        weight=part[1],
        cost=part[2],
        time=part[3],
        copy=part[4],
        uses=((part[5], part[6]), (part[7], part[8]), (part[9], part[10])),
        key=copies[:, :5],
        size=copies[:, 5],
        price=copies[:, 6],
        room_row=copies[:, 7],
        base=copies[:, 8],
        base_size=bases[:, 0],
        base_price=bases[:, 1],
        base_row=bases[:, 2],
        layer_of=np.array(layer_of, dtype=np.int64),
    )


def _present(problem: OffloadPlacementProblem) -> set[tuple[int, ...]]:
    """Keys of the copies and bases in force; what has an expert's own weights in both modes."""
    found: set[tuple[int, ...]] = set()
    if problem.present is None:
        return found
    precisions = {item.name: number for number, item in enumerate(problem.precisions)}
    holders = {item.name: number for number, item in enumerate(problem.holders)}
    for number, layer in enumerate(problem.layers):
        blended = {j for i, j, d in layer.merge if i == j and d}
        for copy in problem.present.copies.get(layer.name, ()):
            if copy.precision not in precisions or copy.holder not in holders:
                continue
            at = (precisions[copy.precision], holders[copy.holder])
            alike = {copy.mode}
            if copy.mode in (Mode.KEEP, Mode.MERGE) and copy.expert not in blended:
                alike = {Mode.KEEP, Mode.MERGE}
            found |= {(number, copy.expert, _MODES.index(mode), *at) for mode in alike}
            if copy.mode is Mode.SHARE:
                found.add((number, 0, len(_MODES), *at))
    return found
