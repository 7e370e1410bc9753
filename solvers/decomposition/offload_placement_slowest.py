"""Placement where the slowest expert of a token counts: weights on experts make times add up.

For thresholds 0 = T_0 < T_1 < … a pattern waits between T_r and T_r+1 as long as its slowest expert
does, which is no shorter than any mean over its experts: with weights λ ≥ 0, Σ_i λ_pir = 1,

    max_i t_i  ≥  Σ_r Σ_i λ_pir · min(T_r+1 - T_r, max(0, t_i - T_r))

At fixed weights that is a placement where times add up, and whatever bounds it is a bound here: the
Lagrangian dual of the maximum. Weights move to the experts that are slow in what is best at them,
by multiplicative steps (Arora, Hazan and Kale, Theory of Computing 8, 2012), prices on the budgets
with them. What each layer does on the way is put together to plans at the times that really count,
and local search makes the best of them better. The program over all patterns, started from there,
closes the proof where it is small enough.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.problems.offload_placement import OffloadPlacementPlan
from models.result import Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.decomposition.offload_placement_ascent import Ascent, Floats, Priced, serve
from solvers.decomposition.offload_placement_layers import Layers
from solvers.decomposition.offload_placement_rounds import (
    State,
    cheaper,
    nearby,
    search,
    sharper,
    tolerance,
    unproved,
)
from solvers.decomposition.offload_placement_subgradient import sharpen
from solvers.heuristic.offload_placement_search import improve
from solvers.milp.offload_placement_program import MOST_PATTERN_ROWS, Found, rows, solve, too_large
from solvers.tables.offload_placement import Ints, Tables

# Thresholds at most: each has weights of its own.
_THRESHOLDS = 8
# Rounds of weights; few where the program of all patterns soon says more.
_ROUNDS, _FEW, _FEW_ROWS = 240, 8, 5_000
_PATIENCE, _PROGRESS = 60, 1e-4
# Steps of the logarithms of weights and of prices in the first round; they fall with its root.
_STEP, _PRICE_STEP, _LARGEST_STEP = 1.0, 0.3, 0.5
# A plan is put together after every so many rounds, of patterns at prices this far apart, too.
_EVERY, _APART = 6, (0.1,)
# Sums of so many products of floats may be a little above; the bound may not be above the maximum.
_SAFE = 1 - 1e-9


class Weights:
    """Weights of the experts of each pattern, by threshold, as they move."""

    def __init__(self, tables: Tables) -> None:
        if tables.patterns is None:
            raise ValueError("weights are for patterns")
        self.tables = tables
        self.tokens, self.members, starts = tables.patterns
        self._first = starts[:-1]
        self._of = np.repeat(np.arange(len(self.tokens)), np.diff(starts))
        edges = np.unique(np.append(tables.time, 0))
        if len(edges) > _THRESHOLDS + 1:
            edges = edges[np.linspace(0, len(edges) - 1, _THRESHOLDS + 1).round().astype(int)]
        gaps = np.diff(edges)
        self._parts = np.clip(tables.time[:, None] - edges[:-1], 0, gaps).astype(np.float64)
        self._gaps = gaps
        self._logarithms = np.zeros((len(self.members), len(gaps)))

    def shares(self) -> Floats:
        """[members of patterns, thresholds] the weights now."""
        if not len(self.tokens):
            return self._logarithms
        largest = np.maximum.reduceat(self._logarithms, self._first)
        found = np.exp(self._logarithms - largest[self._of])
        total = np.add.reduceat(found, self._first)
        return np.asarray(found / total[self._of])

    def additive(self, shares: Floats) -> Tables:
        """The tables of the placement where times add up by these weights, rounded down."""
        tables = self.tables
        tokens, cost = self.tokens[self._of], np.zeros(len(tables.cost))
        for threshold, parts in enumerate(self._parts.T):
            weight = np.bincount(self.members, tokens * shares[:, threshold], tables.clients)
            cost += weight[tables.client_of] * parts
        return replace(tables, cost=np.floor(cost * _SAFE).astype(np.int64), patterns=None)

    def follow(self, chosen: Ints, step: float) -> None:
        """Moves the weights to the experts that a choice of columns [C] leaves slow."""
        slow = self._parts[chosen] / self._gaps
        self._logarithms += step * slow[self.members]


def of_slowest(
    tables: Tables,
    limits: Limits,
    watch: Stopwatch,
    start: Ints | None,
    report: Progress[OffloadPlacementPlan],
) -> tuple[Found, int]:
    """The best plan and bound by weights, local search, and the program where it is small."""
    state, count = _by_weights(tables, watch.share(watch.left_ns() // 2), start, report)
    best, bound = state.best, state.proof.bound
    if best is not None and tables.value(best) > bound:
        best = improve(tables, best, watch.share(watch.left_ns() // 2))
        report.plan(tables.plan(best))
    if best is not None and tables.value(best) <= bound:
        return Found(Reason.COMPLETED, best, bound), count
    if too_large(tables):
        detail = f"the program of all patterns has over {MOST_PATTERN_ROWS:,} rows"
        return Found(Reason.MEMORY_LIMIT, best, bound, detail), count
    found = solve(tables, limits, watch, start=best)
    chosen = best if found.chosen is None else found.chosen
    return replace(found, chosen=chosen, bound=max(found.bound or 0, bound)), count


@dataclass
class _Walk:
    """Where weights and prices have come: the best bound so far, its weights and prices."""

    weights: Weights
    layers: Layers
    prices: Floats
    top: Priced
    shares: Floats
    stale: int = 0


def _by_weights(
    tables: Tables, watch: Stopwatch, start: Ints | None, report: Progress[OffloadPlacementPlan]
) -> tuple[State, int]:
    weights, layers = Weights(tables), Layers(tables)
    known = start if start is not None and tables.fits(start) else None
    for choice in (tables.safest(), *([] if known is None else [known])):
        layers.add(choice)
    shares = weights.shares()
    mean = weights.additive(shares)
    ascent = Ascent(mean)
    top, count = search(ascent, Layers(mean), watch)
    state = State(known, unproved(tables))
    if top is None:
        return state, count
    walk = _Walk(weights, layers, top.prices, top, shares)
    most = _ROUNDS if rows(tables) > _FEW_ROWS else _FEW
    for number in range(most):
        if watch.expired() or walk.stale > _PATIENCE:
            break
        _round(walk, ascent, number)
        if number % _EVERY == 0:
            best = cheaper(tables, layers.best(walk.top.prices), state.best, report)
            proof = sharper(
                weights.additive(walk.shares),
                (walk.top.prices, walk.top.values),
                state.proof,
                report,
            )
            state = State(best, proof)
    return _ended(walk, state, watch, report), count + number + 1


def _round(walk: _Walk, ascent: Ascent, number: int) -> None:
    """The layers at these weights and prices, and where both move from there."""
    shares = walk.weights.shares()
    at = ascent.at_costs(walk.weights.additive(shares))
    slack = tolerance(at.tables)
    found = at.rise(walk.prices)
    chosen = serve(at, found, slack)
    walk.layers.add(chosen)
    walk.stale += 1
    if found.estimate > walk.top.estimate:
        ahead = found.estimate - walk.top.estimate > _PROGRESS * abs(found.estimate)
        walk.top, walk.shares = found, shares
        walk.stale = 0 if ahead else walk.stale
    if number % _EVERY == 0:
        for prices in nearby(walk.prices, _APART):
            walk.layers.add(serve(at, at.rise(prices), slack))
    length = 1 / np.sqrt(1 + number)
    walk.weights.follow(chosen, _STEP * length)
    tables = walk.weights.tables
    over = (tables.use(chosen) - tables.capacity) / np.maximum(np.abs(tables.capacity), 1)
    step = np.clip(_PRICE_STEP * length * over, -_LARGEST_STEP, _LARGEST_STEP)
    walk.prices = walk.prices * np.exp(step)


def _ended(
    walk: _Walk, state: State, watch: Stopwatch, report: Progress[OffloadPlacementPlan]
) -> State:
    """The best plan of all layers, and the bound at the best weights with prices made for them."""
    tables = walk.weights.tables
    best = cheaper(tables, walk.layers.best(walk.top.prices), state.best, report)
    additive = walk.weights.additive(walk.shares)
    top, _ = search(Ascent(additive), Layers(additive), watch)
    if top is None or top.estimate < walk.top.estimate:
        top = walk.top
    proof = sharper(additive, (top.prices, top.values), state.proof, report)
    if best is not None and not watch.expired():
        sharp = sharpen(additive, top, tables.value(best), watch)
        proof = sharper(additive, sharp, proof, report)
    return State(best, proof)
