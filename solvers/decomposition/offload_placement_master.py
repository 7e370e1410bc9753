"""Where to evaluate prices next: a cutting-plane model of the bound in a box around the best.

For any pattern x of layer l, with cost c and use u, the layer's part of the bound at prices π is at
most c + π · u. So the bound is at most

    max  Σ_l η_l - Σ_r p_r     subject to   η_l ≤ c_x + Σ_r p_r u_xr / capacity_r   for all x seen

with p = π · capacity (Kelley, SIAM 8, 1960; one cut per layer, the dual of Dantzig and Wolfe's
master). The next prices are its optimum inside a box around the best so far, which grows after a
better bound and shrinks after none (Marsten, Hogan and Blankenship, Operations Research 23, 1975).
"""

import numpy as np

from solvers.backends import highs
from solvers.base import Stopwatch
from solvers.decomposition.offload_placement_ascent import Floats
from solvers.decomposition.offload_placement_layers import Layers
from solvers.integer_program import NO_LIMIT, IntegerProgram
from solvers.tables.offload_placement import Tables

_FIRST, _WIDEST, _NARROWEST = 8.0, 20.0, 1.02
# Share of the best plan's cost below which a price may always rise again from nothing.
_FLOOR = 1e-3


class Master:
    """Prices [R] to try next; those of budgets that nothing uses stay at 0."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._active = _used(tables) & (tables.capacity > 0)
        self._capacity = tables.capacity[self._active].astype(np.float64)
        self._width = _FIRST
        costs = tables.cost[tables.cost > 0]
        typical = float(np.median(costs)) if costs.size else 1.0
        self._total = max(float(tables.cost[tables.safest()].sum()), 1.0)
        self.prices: Floats = np.zeros(len(tables.capacity))
        self.prices[: tables.memory] = typical / max(float(tables.size.mean()), 1.0)
        for row, amount in tables.uses[:-1]:
            weighty = (row >= 0) & (amount > 0)
            if weighty.any():
                self.prices[np.unique(row[weighty])] = typical / float(np.median(amount[weighty]))
        self.prices[~self._active] = 0.0

    def move(self, layers: Layers, best: Floats, watch: Stopwatch, *, better: bool) -> None:
        """The next prices: the model's best in the box around the best prices so far."""
        self._width = self._width * 1.5 if better else self._width**0.7
        self._width = min(max(self._width, _NARROWEST), _WIDEST)
        centre = best[self._active] * self._capacity / self._total
        program = self._program(layers, centre)
        answer = highs.relax(program, watch)
        if answer.values is not None:
            found = np.maximum(answer.values[: len(centre)], 0.0)
            self.prices = np.zeros(len(best))
            self.prices[self._active] = found * self._total / self._capacity

    def _program(self, layers: Layers, centre: Floats) -> IntegerProgram:
        """The model with costs in units of the safest plan's."""
        rows, count = len(centre), layers.count
        number, cost, use = layers.cuts()
        cuts, scaled = len(cost), use[:, self._active] / self._capacity
        values = np.concatenate([-scaled, np.ones((cuts, 1))], axis=1)
        index = np.tile(np.arange(rows + 1), (cuts, 1))
        index[:, rows] = rows + number
        upper = np.maximum(centre * self._width, _FLOOR)
        return IntegerProgram(
            cost=np.concatenate([np.ones(rows), -np.ones(count)]),
            lower=np.concatenate([centre / self._width, np.full(count, -1e3)]),
            upper=np.concatenate([upper, np.full(count, 1e3)]),
            whole=np.zeros(rows + count, dtype=np.bool_),
            starts=np.arange(0, cuts * (rows + 1) + 1, rows + 1),
            column=index.ravel(),
            value=values.ravel(),
            row_lower=np.full(cuts, -NO_LIMIT),
            row_upper=cost / self._total,
        )


def _used(tables: Tables) -> np.typing.NDArray[np.bool_]:
    """[R] whether any column, copy or base takes of a budget (not: gives to it)."""
    found = np.zeros(len(tables.capacity), dtype=np.bool_)
    parts = [(tables.room_row, tables.size), (tables.base_row, tables.base_size), *tables.uses[:-1]]
    for row, amount in parts:
        found[row[(row >= 0) & (amount > 0)]] = True
    return found
