"""Prices and values sharpened together by subgradients, from where a dual ascent left them.

The ascent ends about a thousandth below the relaxation's optimum; from so near, subgradients with
Polyak's step (USSR Computational Mathematics 9, 1969) towards the best plan close nine tenths of it
in some hundred evaluations. Steps are relative: a value moves by a share of itself, as prices do.
"""

from dataclasses import dataclass

import numpy as np

from solvers.base import Stopwatch
from solvers.decomposition.offload_placement_ascent import Floats, Priced, priced_at
from solvers.tables.offload_placement import Ints, Tables

_STEPS = 400
# Prices follow values at a fiftieth: they answer for whole rooms, values for one client.
_PRICE_SHARE = 0.02
_MOMENTUM = 0.5
# Steps without a better bound after which they shorten, and the length at which it is over.
_PATIENCE, _SHORTER, _SHORTEST = 20, 0.6, 1e-3


@dataclass(frozen=True, eq=False)
class _Point:
    """The bound at some prices and values, and its subgradients."""

    bound: float
    by_value: Floats
    by_price: Floats


def sharpen(tables: Tables, start: Priced, upper: int, watch: Stopwatch) -> tuple[Floats, Floats]:
    """Prices [R] and values [C] of a bound no worse than that of `start`; upper: a plan's value."""
    prices, values = start.prices.copy(), start.values.copy()
    best, kept = -np.inf, (prices, values)
    towards_value, towards_price = np.zeros_like(values), np.zeros_like(prices)
    scale = np.maximum(values, 1.0)
    length, since = 1.0, 0
    for _ in range(_STEPS):
        if watch.expired() or length < _SHORTEST:
            break
        point = _evaluate(tables, prices, values)
        since = 0 if point.bound > best + 1e-6 * abs(best) else since + 1
        if point.bound > best:
            best, kept = point.bound, (prices, values)
        if since >= _PATIENCE:
            length, since = length * _SHORTER, 0
            prices, values = kept
            towards_value[:], towards_price[:] = 0.0, 0.0
            continue
        rate = _PRICE_SHARE * prices
        towards_value = _MOMENTUM * towards_value + point.by_value * scale
        towards_price = _MOMENTUM * towards_price + point.by_price * rate
        size = float((towards_value**2).sum() + (towards_price**2).sum())
        if size == 0.0:
            break
        step = length * max(upper - point.bound, 0.0) / size
        values = values + step * towards_value * scale
        prices = np.maximum(0.0, prices + step * towards_price * rate)
    return kept


def _evaluate(tables: Tables, prices: Floats, values: Floats) -> _Point:
    rates = np.append(prices, 0.0)
    above = priced_at(tables, prices) - values[tables.client_of]
    worth = np.bincount(tables.copy, np.minimum(above, 0.0), len(tables.size))
    slack = worth + rates[tables.room_row] * tables.size + tables.price
    shared = tables.base >= 0
    group = rates[tables.base_row] * tables.base_size + tables.base_price
    members = tables.base[shared]
    group = group + np.bincount(members, np.minimum(slack[shared], 0.0), len(group))
    is_open = (slack < 0) & np.append(group < 0, np.True_)[tables.base]
    taken = (above < 0) & is_open[tables.copy]
    bound = values.sum() - (prices * tables.capacity).sum()
    bound += slack[is_open & ~shared].sum() + group[group < 0].sum()
    used: Floats = _sums(len(prices), tables.room_row[is_open], tables.size[is_open])
    used = used + _sums(len(prices), tables.base_row[group < 0], tables.base_size[group < 0])
    for row, amount in tables.uses:
        used = used + _sums(len(prices), row[taken], amount[taken])
    count = np.bincount(tables.client_of[taken], minlength=len(values))
    by_value: Floats = np.asarray(1.0 - count, dtype=np.float64)
    return _Point(float(bound), by_value, used - tables.capacity)


def _sums(rows: int, row: Ints, amount: Ints) -> Floats:
    """[rows] sums of amounts by row, those of row -1 left out."""
    total = np.bincount(row + 1, amount.astype(np.float64), rows + 1)[1:]
    return np.asarray(total, dtype=np.float64)
