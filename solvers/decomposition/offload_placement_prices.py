"""Offload placement by prices on memory, loss and time; each layer a p-median of its own.

A cutting-plane model says which prices to try next; every evaluation gives a bound and a pattern
per layer, and a dynamic program over the layers puts the patterns together to a plan. Subgradients
then sharpen the bound. Where bound and plan do not meet, HiGHS searches the columns that may be in
a better plan, those whose increase the gap admits: the most likely of them first, then all, which
closes the proof.

Where the slowest expert of a token counts, prices work on the mean over its experts, which the
slowest is never below: their bound holds, and their plan is where local search starts. The program
over all patterns, started from there, closes the proof where it is small enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from models.problems.offload_placement import (
    OffloadPlacementPlan,
    OffloadPlacementProblem,
)
from models.result import Claim, Limits, Reason
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
from solvers.heuristic.offload_placement_search import improve
from solvers.milp.offload_placement_program import (
    MOST_PATTERN_ROWS,
    Found,
    claim,
    solve,
    too_large,
)
from solvers.tables.offload_placement import Ints, Tables, build

_ROUNDS = 120
# Rounds without a better bound after which the prices are taken as found.
_PATIENCE = 12
_PROGRESS = 1e-4
# How many columns are searched, in halves of the clients' number, those with the least increase
# first, and for what share of the time left; 0 for all that the gap admits, which is the proof.
_PARTS = ((3, 3), (6, 3), (0, 1))
# Shares by which prices vary for the sake of patterns, of so many budgets one by one; a plan is put
# together after every so many.
_SHARES, _VARIED, _VARIATIONS = (0.01, 0.03, 0.08), 8, 12


@dataclass(frozen=True, eq=False)
class _State:
    """The best plan [C] and what is proved."""

    best: Ints | None
    proof: Proved


class Lagrangian:
    """Prices, layers, a dynamic program, and HiGHS for what is left."""

    name = "lagrangian"

    def solve(
        self,
        problem: OffloadPlacementProblem,
        limits: Limits,
        hint: OffloadPlacementPlan | None = None,
        report: Progress[OffloadPlacementPlan] | None = None,
    ) -> Claim[OffloadPlacementPlan]:
        """The optimum, or the best plan and bound in time."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.empty:
            return Claim(self.name, Reason.INFEASIBLE, detail="an expert can be served by nothing")
        start = None if hint is None else tables.columns(hint)
        listener = report or Progress()
        if tables.patterns is None:
            state, rounds = _by_prices(tables, watch, start, listener)
            found = _close(tables, limits, watch, state)
        else:
            found, rounds = _of_slowest(tables, limits, watch, start, listener)
        stats: dict[str, int | float | str] = {"columns": len(tables.cost), "rounds": rounds}
        return claim(self.name, tables, found, stats)


def _of_slowest(
    tables: Tables,
    limits: Limits,
    watch: Stopwatch,
    start: Ints | None,
    report: Progress[OffloadPlacementPlan],
) -> tuple[Found, int]:
    """Prices on the mean, local search on the maximum, and the program where it is small enough."""
    mean = replace(tables, cost=tables.mean_cost(), patterns=None)
    silent = _BoundsOnly(report)
    state, rounds = _by_prices(mean, watch.share(watch.left_ns() // 3), start, silent)
    best = None
    if state.best is not None:
        best = improve(tables, state.best, watch.share(watch.left_ns() // 2))
        if start is not None and tables.fits(start) and tables.value(start) < tables.value(best):
            best = start
        report.plan(tables.plan(best))
    if too_large(tables):
        detail = f"the program of all patterns has over {MOST_PATTERN_ROWS:,} rows"
        bound = state.proof.bound
        return Found(Reason.MEMORY_LIMIT, best, bound, detail), rounds
    found = solve(tables, limits, watch, start=best)
    chosen = best if found.chosen is None else found.chosen
    bound = max(found.bound or 0, state.proof.bound)
    return replace(found, chosen=chosen, bound=bound), rounds


class _BoundsOnly(Progress[OffloadPlacementPlan]):
    """Passes bounds on: plans of the mean are not yet what they will be."""

    def __init__(self, report: Progress[OffloadPlacementPlan]) -> None:
        self._report = report

    def bound(self, lower_bound: int) -> None:
        """A bound on the mean is one on the maximum."""
        self._report.bound(lower_bound)


def _by_prices(
    tables: Tables, watch: Stopwatch, start: Ints | None, report: Progress[OffloadPlacementPlan]
) -> tuple[_State, int]:
    """The plan and the bound that prices find."""
    ascent, layers = Ascent(tables), Layers(tables)
    best = start if start is not None and tables.fits(start) else None
    for choice in (tables.safest(), *([] if start is None else [start])):
        layers.add(choice)
    top, rounds = _search(ascent, layers, watch)
    proof = Proved(0, np.zeros(len(tables.cost), dtype=np.int64))
    if top is None:
        return _State(best, proof), rounds
    proof = _sharper(tables, (top.prices, top.values), proof, report)
    best = _better(tables, layers.best(top.prices), best, report)
    for number, prices in enumerate(_nearby(top.prices), start=1):
        if watch.expired():
            break
        layers.add(serve(ascent, ascent.rise(prices), _tolerance(tables)))
        if number % _VARIATIONS == 0:
            best = _better(tables, layers.best(top.prices), best, report)
    best = _better(tables, layers.best(top.prices), best, report)
    if best is not None and not watch.expired():
        sharp = sharpen(tables, top, tables.value(best), watch)
        proof = _sharper(tables, sharp, proof, report)
    return _State(best, proof), rounds


def _search(ascent: Ascent, layers: Layers, watch: Stopwatch) -> tuple[Priced | None, int]:
    """The prices of the best bound in floating point, and how many were tried."""
    tables = ascent.tables
    top: Priced | None = None
    master, since, rounds = Master(tables), 0, 0
    while rounds < _ROUNDS and since < _PATIENCE and not watch.expired():
        found = ascent.rise(master.prices)
        layers.add(serve(ascent, found, _tolerance(tables)))
        before = -np.inf if top is None else top.estimate
        ahead = found.estimate > before + _PROGRESS * abs(found.estimate)
        rounds, since = rounds + 1, 0 if ahead else since + 1
        better = top is None or found.estimate > before
        top = found if better else top
        if top is not None:
            master.move(layers, top.prices, watch, better=better)
    return top, rounds


def _nearby(prices: Floats) -> Iterator[Floats]:
    """Prices a little dearer and cheaper, of all budgets together and of each: other patterns.

    The dynamic program needs layers that use a little more and a little less.
    """
    rows = [np.arange(len(prices)), *np.flatnonzero(prices)[:_VARIED].reshape(-1, 1)]
    for share in _SHARES:
        for row in rows:
            for factor in (1 + share, 1 / (1 + share)):
                changed = prices.copy()
                changed[row] *= factor
                yield changed


def _tolerance(tables: Tables) -> float:
    """A slack that is none: a millionth of a typical cost, ns."""
    costs = tables.cost[tables.cost > 0]
    return 1e-6 * float(np.median(costs)) if costs.size else 1e-6


def _sharper(
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


def _better(
    tables: Tables,
    found: Ints | None,
    best: Ints | None,
    report: Progress[OffloadPlacementPlan],
) -> Ints | None:
    if found is None or not tables.fits(found):
        return best
    if best is None or tables.value(found) < tables.value(best):
        report.plan(tables.plan(found))
        return found
    return best


def _close(tables: Tables, limits: Limits, watch: Stopwatch, state: _State) -> Found:
    """What the integer program over the columns that may be in a better plan adds."""
    best, proof = state.best, state.proof
    if best is None:
        found = solve(tables, limits, watch)
        bound = proof.bound if found.bound is None else max(found.bound, proof.bound)
        return replace(found, bound=bound)
    for part, share in _PARTS:
        value = tables.value(best)
        if value <= proof.bound or watch.expired():
            break
        admitted = value - 1 - proof.bound
        few = min(max(part * tables.clients // 2, 1), len(proof.increase)) - 1
        likely = int(np.partition(proof.increase, few)[few])
        kept = proof.increase <= (min(admitted, likely) if part else admitted)
        kept[best] = True
        until = watch.share(watch.left_ns() // share)
        found = solve(tables, limits, until, np.flatnonzero(kept), best)
        if found.chosen is not None and tables.value(found.chosen) < value:
            best = found.chosen
        if part == 0:
            # Plans with a column left out cost no less than the best one did.
            bound = value if found.reason is Reason.INFEASIBLE else found.bound or 0
            least = max(proof.bound, min(bound, value))
            return Found(found.reason, best, min(least, tables.value(best)), found.detail)
    reached = tables.value(best) <= proof.bound
    return Found(Reason.COMPLETED if reached else Reason.TIME_LIMIT, best, proof.bound)
