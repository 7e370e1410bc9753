"""Rounds of prices on the budgets of an offload placement: the best bound, and plans on the way.

A cutting-plane model says which prices to try next; every evaluation gives a bound and a choice per
layer, and a dynamic program over the layers puts these together to plans that keep to the budgets.
Subgradients then sharpen the bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.problems.offload_placement import OffloadPlacementPlan
from solvers.base import Progress, Stopwatch
from solvers.decomposition.offload_placement_ascent import (
    Ascent,
    Floats,
    Priced,
    Proved,
    proved,
    serve,
)
from solvers.decomposition.offload_placement_layers import Layers
from solvers.decomposition.offload_placement_master import Master
from solvers.decomposition.offload_placement_subgradient import sharpen
from solvers.tables.offload_placement import Ints, Tables

_ROUNDS = 120
# Rounds without a better bound after which the prices are taken as found.
_PATIENCE = 12
_PROGRESS = 1e-4
# Shares by which prices vary for the sake of patterns, of so many budgets one by one; a plan is put
# together after every so many.
_SHARES, _VARIED, _VARIATIONS = (0.01, 0.03, 0.08), 8, 12


@dataclass(frozen=True, eq=False)
class State:
    """The best plan [C] and what is proved."""

    best: Ints | None
    proof: Proved


def by_prices(
    tables: Tables, watch: Stopwatch, start: Ints | None, report: Progress[OffloadPlacementPlan]
) -> tuple[State, int]:
    """The plan and the bound that prices find."""
    ascent, layers = Ascent(tables), Layers(tables)
    best = start if start is not None and tables.fits(start) else None
    for choice in (tables.safest(), *([] if start is None else [start])):
        layers.add(choice)
    top, rounds = search(ascent, layers, watch)
    proof = unproved(tables)
    if top is None:
        return State(best, proof), rounds
    proof = sharper(tables, (top.prices, top.values), proof, report)
    best = cheaper(tables, layers.best(top.prices), best, report)
    for number, prices in enumerate(nearby(top.prices), start=1):
        if watch.expired():
            break
        layers.add(serve(ascent, ascent.rise(prices), tolerance(tables)))
        if number % _VARIATIONS == 0:
            best = cheaper(tables, layers.best(top.prices), best, report)
    best = cheaper(tables, layers.best(top.prices), best, report)
    if best is not None and not watch.expired():
        sharp = sharpen(tables, top, tables.value(best), watch)
        proof = sharper(tables, sharp, proof, report)
    return State(best, proof), rounds


def unproved(tables: Tables) -> Proved:
    """What is proved before anything is."""
    return Proved(0, np.zeros(len(tables.cost), dtype=np.int64))


def search(ascent: Ascent, layers: Layers, watch: Stopwatch) -> tuple[Priced | None, int]:
    """The prices of the best bound in floating point, and how many were tried."""
    tables = ascent.tables
    top: Priced | None = None
    master, since, rounds = Master(tables), 0, 0
    while rounds < _ROUNDS and since < _PATIENCE and not watch.expired():
        found = ascent.rise(master.prices)
        layers.add(serve(ascent, found, tolerance(tables)))
        before = -np.inf if top is None else top.estimate
        ahead = found.estimate > before + _PROGRESS * abs(found.estimate)
        rounds, since = rounds + 1, 0 if ahead else since + 1
        better = top is None or found.estimate > before
        top = found if better else top
        if top is not None:
            master.move(layers, top.prices, watch, better=better)
    return top, rounds


def nearby(prices: Floats, shares: tuple[float, ...] = _SHARES) -> Iterator[Floats]:
    """Prices a little dearer and cheaper, of all budgets together and of each: other patterns.

    The dynamic program needs layers that use a little more and a little less.
    """
    rows = [np.arange(len(prices)), *np.flatnonzero(prices)[:_VARIED].reshape(-1, 1)]
    for share in shares:
        for row in rows:
            for factor in (1 + share, 1 / (1 + share)):
                changed = prices.copy()
                changed[row] *= factor
                yield changed


def tolerance(tables: Tables) -> float:
    """A slack that is none: a millionth of a typical cost, ns."""
    costs = tables.cost[tables.cost > 0]
    return 1e-6 * float(np.median(costs)) if costs.size else 1e-6


def sharper(
    tables: Tables,
    at: tuple[Floats, Floats],
    proof: Proved,
    report: Progress[OffloadPlacementPlan],
) -> Proved:
    """The better of a proof and of what prices and values prove."""
    found = proved(tables, *at)
    if found.bound <= proof.bound:
        return proof
    report.bound(found.bound)
    return found


def cheaper(
    tables: Tables,
    found: Ints | None,
    best: Ints | None,
    report: Progress[OffloadPlacementPlan],
) -> Ints | None:
    """The cheaper of two choices of columns, the first only where it keeps to the budgets."""
    if found is None or not tables.fits(found):
        return best
    if best is None or tables.value(found) < tables.value(best):
        report.plan(tables.plan(found))
        return found
    return best
