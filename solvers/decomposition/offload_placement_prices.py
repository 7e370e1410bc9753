"""Offload placement by prices on memory, loss and time; each layer a p-median of its own.

Prices move against the use that the layers make of the budgets, each by its own step (Rprop:
Riedmiller and Braun, 1993): longer while it keeps its direction, shorter when it turns. Every
evaluation gives a bound and a pattern per layer, and a dynamic program over the layers puts the
patterns together to a plan. Subgradients then sharpen the bound. Where bound and plan do not meet,
HiGHS searches the columns that may be in a better plan, those whose increase the gap admits: a part
of them first, then all, which closes the proof.

Where the slowest expert of a token counts, prices work on the mean over its experts, which the
slowest is never below: their bound holds, and their plan is where local search starts. The program
over all patterns, started from there, closes the proof where it is small enough.
"""

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
_FIRST_STEP, _LONGEST, _GROW, _SHRINK = 0.7, 1.5, 1.2, 0.5
# Of the increase that the gap admits, the part that is searched, and of the time left its share:
# a sixty-fourth already has most of what a better plan takes, and only all of it proves anything.
_PARTS = ((64, 4), (16, 3), (1, 1))


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
    state, rounds = _by_prices(mean, watch.part(3), start, silent)
    best = None
    if state.best is not None:
        best = improve(tables, state.best, watch.part(2))
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
    proof = Proved(0, np.zeros(len(tables.cost), dtype=np.int64))
    top: Priced | None = None
    search, since, rounds = _Search(tables), 0, 0
    while rounds < _ROUNDS and since < _PATIENCE and not watch.expired():
        found = ascent.rise(search.prices)
        chosen = serve(ascent, found, search.tolerance)
        layers.add(chosen)
        rounds, since = rounds + 1, since + 1
        if top is None or found.estimate > top.estimate + 1e-6 * abs(top.estimate):
            top, since = found, 0
        search.move(tables.use(chosen) - tables.capacity)
        if rounds % 10 == 0 or since == _PATIENCE:
            best = _better(tables, layers.best(top.prices), best, report)
            proof = _sharper(tables, (top.prices, top.values), proof, report)
    if top is not None and best is not None and not watch.expired():
        sharp = sharpen(tables, top, tables.value(best), watch)
        proof = _sharper(tables, sharp, proof, report)
    return _State(best, proof), rounds


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


class _Search:
    """Prices [R] on rooms, losses and busy times, and their steps."""

    def __init__(self, tables: Tables) -> None:
        self.prices: Floats = np.zeros(len(tables.capacity))
        typical = float(np.median(tables.cost[tables.cost > 0])) if tables.cost.any() else 1.0
        self.tolerance = 1e-6 * typical
        self.prices[: tables.memory] = typical / max(float(tables.size.mean()), 1.0)
        for row, amount in tables.uses[:-1]:
            weighty = (row >= 0) & (amount > 0)
            if weighty.any():
                self.prices[np.unique(row[weighty])] = typical / float(np.median(amount[weighty]))
        self._step = np.full(len(self.prices), _FIRST_STEP)
        self._sign = np.zeros(len(self.prices))

    def move(self, excess: Ints) -> None:
        """Dearer where there was too much use, cheaper where there was too little."""
        sign = np.sign(excess)
        turned = sign * self._sign
        longer = np.minimum(self._step * _GROW, _LONGEST)
        self._step = np.where(turned > 0, longer, self._step)
        self._step = np.where(turned < 0, self._step * _SHRINK, self._step)
        self._sign = sign
        self.prices = self.prices * np.exp(sign * self._step)


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
        kept = proof.increase <= (value - 1 - proof.bound) // part
        kept[best] = True
        until = watch.part(share)
        found = solve(tables, limits, until, np.flatnonzero(kept), best)
        if found.chosen is not None and tables.value(found.chosen) < value:
            best = found.chosen
        if part == 1:
            # Plans with a column left out cost no less than the best one did.
            bound = value if found.reason is Reason.INFEASIBLE else found.bound or 0
            least = max(proof.bound, min(bound, value))
            return Found(found.reason, best, min(least, tables.value(best)), found.detail)
    reached = tables.value(best) <= proof.bound
    return Found(Reason.COMPLETED if reached else Reason.TIME_LIMIT, best, proof.bound)
