"""What prices on the budgets prove of an offload placement, and what the layers do at them.

With a price π on each budget the layers fall apart into facility location problems: open copies at
π · bytes, serve each client at its priced cost. Their duals are found by dual ascent (Erlenkotter,
Operations Research 26, 1978): the value v of a client rises from one of its costs to the next as
long as every copy it helps to pay for is worth less than it costs. Clients at the same place of
their layer never meet, so all layers rise together, one array operation per place.

    bound(π, v) = Σ v - π · capacity + Σ_k min(0, price_k - Σ_n (v - priced_n)⁺)

holds for any π ≥ 0 and any v: it is evaluated in whole numbers, and rounding cannot make it false.
"""

from copy import copy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from solvers.tables.offload_placement import Bools, Ints, Tables

Floats = npt.NDArray[np.float64]
# Prices and values are multiples of 1/2^n; integer sums stay below _SAFE.
_DENOMINATOR = 2**20
_SAFE = 2**61
# Copies opened again per layer, at most.
_EXCHANGES = 12


@dataclass(frozen=True, eq=False)
class Priced:
    """Prices [R], values [C] and slack [K] of a dual ascent; priced: [N] costs at the prices.

    estimate: the bound in floating point.
    """

    prices: Floats
    values: Floats
    slack: Floats
    priced: Floats
    estimate: float


@dataclass(frozen=True, eq=False)
class Proved:
    """A lower bound, and [N] what taking a column adds to it at least."""

    bound: int
    increase: Ints


class Ascent:
    """Dual ascent at any prices; the padded arrays are built once."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        counts = np.diff(tables.start)
        self._none = len(tables.cost)
        place = np.arange(self._none) - np.repeat(tables.start[:-1], counts)
        self._pad = np.full((tables.clients, int(counts.max())), self._none)
        self._pad[tables.client_of, place] = np.arange(self._none)
        layers = int(tables.layer_of[-1]) + 1
        first = np.searchsorted(tables.layer_of, np.arange(layers))
        sizes = np.diff(np.append(first, tables.clients))
        self._batches = [first[sizes > at] + at for at in range(int(sizes.max()))]
        self._copies = np.append(tables.copy, len(tables.size))[self._pad]
        members = np.bincount(tables.base[tables.base >= 0], minlength=len(tables.base_size))
        self._members = np.append(np.maximum(members, 1), 1)

    def at_costs(self, tables: Tables) -> "Ascent":
        """The same for tables that differ in costs only."""
        other = copy(self)
        other.tables = tables
        return other

    def rise(self, prices: Floats) -> Priced:
        """Values at some prices, none of which a copy is worth more than it costs."""
        tables = self.tables
        priced = priced_at(tables, prices)
        padded = np.append(priced, np.inf)[self._pad]
        order = np.argsort(padded, axis=1, kind="stable")
        costs = np.take_along_axis(padded, order, axis=1)
        copies = np.take_along_axis(self._copies, order, axis=1)
        slack = np.append(self.opening(prices), np.inf)
        values = costs[:, 0].copy()
        self._climb(costs, copies, slack, values)
        estimate = float(values.sum() - (prices * tables.capacity).sum())
        return Priced(prices, values, slack[:-1], priced, estimate)

    def opening(self, prices: Floats) -> Floats:
        """[K] what a copy costs to have; a base is paid for in equal parts."""
        tables = self.tables
        rates = np.append(prices, 0.0)
        base = np.append(rates[tables.base_row] * tables.base_size + tables.base_price, 0.0)
        own = rates[tables.room_row] * tables.size + tables.price
        total: Floats = own + base[tables.base] / self._members[tables.base]
        return total

    def _climb(self, costs: Floats, copies: Ints, slack: Floats, values: Floats) -> None:
        """Raises values in place until each is held by a copy whose slack is used up."""
        width = costs.shape[1]
        level = np.ones(len(values), dtype=np.int64)
        rising = np.ones(len(values), dtype=np.bool_)
        every = np.arange(width)[None, :]
        while rising.any():
            for batch in self._batches:
                now = batch[rising[batch]]
                if not now.size:
                    continue
                reached = every < level[now][:, None]
                held = np.where(reached, slack[copies[now]], np.inf).min(axis=1)
                above = costs[now, np.minimum(level[now], width - 1)]
                step = np.where(level[now] < width, above, np.inf) - values[now]
                rise = np.minimum(held, step)
                values[now] += rise
                slack[copies[now][reached]] -= np.repeat(rise, level[now])
                onward = step <= held
                level[now] += onward
                rising[now] = onward


def priced_at(tables: Tables, prices: Floats) -> Floats:
    """[N] costs of the columns with what they use of the budgets."""
    rates = np.append(prices, 0.0)
    total = np.array(tables.cost, dtype=np.float64)
    for row, amount in tables.uses:
        total += rates[row] * amount
    return total


def serve(ascent: Ascent, found: Priced, tolerance: float) -> Ints:
    """[C] columns at the prices: copies that pay for themselves, the dispensable ones closed.

    In each layer at once the copy is closed, or else opened, that saves most, until none saves.
    """
    tables = ascent.tables
    opening = ascent.opening(found.prices)
    is_open: Bools = (found.slack <= tolerance) | tables.free
    layer = tables.key[:, 0]
    order = np.argsort(layer, kind="stable")
    starts = np.searchsorted(layer[order], np.unique(layer))
    ranges = (order, starts)
    for _ in range(_EXCHANGES):
        chosen, best = _close(tables, found.priced, opening, is_open, ranges)
        gained = np.maximum(best[tables.client_of] - found.priced, 0.0)
        saved = np.bincount(tables.copy, gained, len(opening)) - opening
        saved[is_open] = -np.inf
        more = _best_per_layer(saved, tolerance, ranges)
        if not more.size:
            break
        is_open[more] = True
    return _close(tables, found.priced, opening, is_open, ranges)[0] if more.size else chosen


def _close(
    tables: Tables, priced: Floats, opening: Floats, is_open: Bools, ranges: tuple[Ints, Ints]
) -> tuple[Ints, Floats]:
    """Closes copies in place while one saves; the columns that serve then, and their costs."""
    number, starts, client_of = np.arange(len(priced)), tables.start[:-1], tables.client_of
    closable = ~tables.free
    while True:
        offered = np.where(is_open[tables.copy], priced, np.inf)
        best: Floats = np.minimum.reduceat(offered, starts)
        first = np.where(offered == best[client_of], number, len(number))
        chosen: Ints = np.minimum.reduceat(first, starts)
        offered[chosen] = np.inf
        extra = np.minimum.reduceat(offered, starts) - best
        lost = np.bincount(tables.copy[chosen], extra, len(opening))
        saved = np.where(is_open & closable, opening - lost, -np.inf)
        closed = _best_per_layer(saved, 0.0, ranges)
        if not closed.size:
            return chosen, best
        is_open[closed] = False


def _best_per_layer(saved: Floats, least: float, ranges: tuple[Ints, Ints]) -> Ints:
    """The copy of each layer that saves most, where that is more than `least`."""
    order, starts = ranges
    ranked = saved[order]
    most = np.maximum.reduceat(ranked, starts)
    lengths = np.diff(np.append(starts, len(order)))
    hit = np.flatnonzero(ranked == np.repeat(most, lengths))
    first = hit[np.searchsorted(hit, starts)]
    found: Ints = order[first[most > least]]
    return found


def proved(tables: Tables, prices: Floats, values: Floats) -> Proved:
    """What prices and values prove, in whole numbers; any will do."""
    scale = _DENOMINATOR
    while scale > 1 and not _safe(tables, prices, values, scale):
        scale //= 2
    if not _safe(tables, prices, values, scale):
        prices, values = np.zeros_like(prices), np.zeros_like(values)
    rates: Ints = np.append(np.rint(prices * scale).astype(np.int64), 0)
    worth: Ints = np.rint(values * scale).astype(np.int64)
    priced: Ints
    above: Ints
    priced = tables.cost * scale
    for row, amount in tables.uses:
        priced = priced + rates[row] * amount
    above = priced - worth[tables.client_of]
    slack = rates[tables.room_row] * tables.size + tables.price * scale
    np.add.at(slack, tables.copy, np.minimum(above, 0))
    shared = tables.base >= 0
    group = rates[tables.base_row] * tables.base_size + tables.base_price * scale
    np.add.at(group, tables.base[shared], np.minimum(slack[shared], 0))
    total = sum(worth.tolist()) + sum(np.minimum(slack[~shared], 0).tolist())
    total += sum(np.minimum(group, 0).tolist())
    total -= sum(a * b for a, b in zip(rates.tolist(), tables.capacity.tolist(), strict=False))
    forced: Ints = np.maximum(slack, 0)
    forced = forced + np.where(shared, np.append(np.maximum(group, 0), 0)[tables.base], 0)
    increase = (np.maximum(above, 0) + forced[tables.copy]) // scale
    return Proved(bound=-(-total // scale), increase=increase)


def _safe(tables: Tables, prices: Floats, values: Floats, scale: int) -> bool:
    """Whether all sums per column and copy stay inside 64 bits."""
    largest = max([1, *(int(np.abs(amount).max(initial=0)) for _, amount in tables.uses)])
    largest = max(largest, int(tables.size.max(initial=0)), int(tables.base_size.max(initial=0)))
    served = int(np.bincount(tables.copy).max(initial=1))
    column = int(tables.cost.max(initial=0)) + 3 * float(prices.max(initial=0.0)) * largest
    moved = int(tables.price.max(initial=0)) + int(tables.base_price.max(initial=0))
    copy = served * (column + float(np.abs(values).max(initial=0.0))) + moved
    layer = copy * max(1, int(np.bincount(tables.base + 1)[1:].max(initial=1)))
    return bool(layer * scale < _SAFE)


def layer_slices(tables: Tables) -> list[slice]:
    """The clients of each layer."""
    ends = np.searchsorted(tables.layer_of, np.arange(int(tables.layer_of[-1]) + 2)).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]
