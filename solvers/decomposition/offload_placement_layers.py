"""A dynamic program over the layers that puts a plan together from what they do at some prices.

Each layer brings patterns, choices of its columns met at different prices. A label is a sum of
cost and of use of the budgets that layers share; layer by layer every label takes every pattern.
Labels that no rest can make feasible are dropped, and of the others the `_WIDTH` cheapest at the
prices are kept: with all it would be exact over the patterns. Near the best prices hundreds of
labels cost about the same, and those that use less than their layers' part of a budget are no worse
for it: what goes beyond that part is therefore charged once more.
"""

from dataclasses import dataclass

import numpy as np

from solvers.decomposition.offload_placement_ascent import Floats, layer_slices
from solvers.tables.offload_placement import Ints, Tables

_WIDTH = 400
# Patterns of a layer, the cheapest at the prices, whose mean use says what its part of a budget is.
_TYPICAL = 5
# Patterns per layer beyond which the oldest are forgotten.
_MOST = 150


@dataclass(frozen=True, eq=False)
class _Patterns:
    """Cost [P] and use [P, R] of the patterns of a layer, and their columns [P, clients]."""

    cost: Ints
    use: Ints
    columns: Ints


class Layers:
    """The patterns of every layer, and the best plan that they make."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._slices = layer_slices(tables)
        self._seen: list[dict[bytes, tuple[int, Ints, Ints]]] = [{} for _ in self._slices]

    def add(self, chosen: Ints) -> None:
        """Takes the layers' parts of a choice of columns as patterns."""
        tables = self.tables
        waiting = tables.waiting(chosen).tolist()
        for part, seen, latency in zip(self._slices, self._seen, waiting, strict=True):
            columns = chosen[part]
            key = columns.tobytes()
            if key not in seen:
                seen[key] = (latency + tables.moving(columns), tables.use(columns), columns)
                if len(seen) > _MOST:
                    del seen[next(iter(seen))]

    @property
    def count(self) -> int:
        """How many layers there are."""
        return len(self._slices)

    def cuts(self) -> tuple[Ints, Ints, Ints]:
        """The layer [P], cost [P] and use [P, R] of every pattern."""
        seen = [(n, *row[:2]) for n, rows in enumerate(self._seen) for row in rows.values()]
        numbers, costs, uses = zip(*seen, strict=True)
        return np.array(numbers), np.array(costs), np.array(uses)

    def best(self, prices: Floats) -> Ints | None:
        """[C] the best plan found of the patterns, None where none keeps to the budgets."""
        tables = self.tables
        layers = [self._usable(number) for number in range(len(self._seen))]
        if any(not len(layer.cost) for layer in layers):
            return None
        shared = tables.capacity[: self._shared()]
        least = np.array([layer.use.min(axis=0) for layer in layers])
        rest = np.cumsum(least[::-1], axis=0)[::-1]
        parts = _parts(layers, shared, prices[: len(shared)])
        cost, use = np.zeros(1, dtype=np.int64), np.zeros((1, len(shared)), dtype=np.int64)
        back: list[tuple[Ints, Ints]] = []
        for number, layer in enumerate(layers):
            label, pattern = np.divmod(np.arange(len(cost) * len(layer.cost)), len(layer.cost))
            total, used = cost[label] + layer.cost[pattern], use[label] + layer.use[pattern]
            ahead = rest[number + 1] if number + 1 < len(layers) else 0
            feasible = np.flatnonzero((used + ahead <= shared).all(axis=1))
            over = np.maximum(used[feasible] - parts[number], 0) + used[feasible]
            kept = feasible[_cheapest(total[feasible] + over @ prices[: len(shared)])]
            if not kept.size:
                return None
            cost, use = total[kept], used[kept]
            back.append((label[kept], pattern[kept]))
        return self._follow(layers, back, int(cost.argmin()))

    def _shared(self) -> int:
        """How many of the budget rows come before those of single layers."""
        row, _ = self.tables.uses[-1]
        own = row[row >= 0]
        return int(own.min()) if own.size else len(self.tables.capacity)

    def _usable(self, number: int) -> _Patterns:
        """The patterns of a layer that keep to its own budgets and to all others by themselves."""
        capacity, shared = self.tables.capacity, self._shared()
        part, kept = self._slices[number], []
        sites = np.unique(
            self.tables.uses[-1][0][self.tables.start[part.start] : self.tables.start[part.stop]]
        )
        rows = sites[sites >= 0]
        for cost, use, columns in self._seen[number].values():
            others = use[:shared] <= np.maximum(capacity[:shared], 0)
            if others.all() and (use[rows] <= capacity[rows]).all():
                kept.append((cost, use[:shared], columns))
        return _Patterns(
            np.array([cost for cost, _, _ in kept], dtype=np.int64),
            np.array([use for _, use, _ in kept], dtype=np.int64).reshape(len(kept), shared),
            np.array([columns for _, _, columns in kept], dtype=np.int64),
        )

    def _follow(self, layers: list[_Patterns], back: list[tuple[Ints, Ints]], label: int) -> Ints:
        parts = []
        for layer, (labels, patterns) in zip(reversed(layers), reversed(back), strict=True):
            parts.append(layer.columns[patterns[label]])
            label = int(labels[label])
        return np.concatenate(parts[::-1])


def _parts(layers: list[_Patterns], shared: Ints, prices: Floats) -> Floats:
    """[layers, R] of each budget the part that the layers up to one usually take."""
    typical = []
    for layer in layers:
        order = np.argsort(layer.cost + layer.use @ prices, kind="stable")[:_TYPICAL]
        typical.append(layer.use[order].mean(axis=0))
    taken: Floats = np.cumsum(typical, axis=0)
    return np.asarray(shared * taken / np.maximum(taken[-1], 1.0), dtype=np.float64)


def _cheapest(priced: Floats) -> Ints:
    if len(priced) <= _WIDTH:
        return np.arange(len(priced))
    return np.sort(np.argpartition(priced, _WIDTH)[:_WIDTH])
