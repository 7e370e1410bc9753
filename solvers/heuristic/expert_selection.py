"""Selections without proof: what people do by hand, and the greedy methods by name.

    best-single          the one expert with the best quality
    top-k-quality        experts by mean quality over the mix, each added while it fits
    random-feasible      experts in a random order, each added while it fits
    greedy-quality       the largest gain first
    greedy-ratio         the largest gain / Σ_r a_r / (what budget r has left) first
    greedy-local-search  the better of the two greedies, then one expert out and greedy again, while
                         that helps

Where routing is a decision, the selection is chosen without the energy budget and then routed
greedily (expert_selection_routing); the energy budget may then turn out too small.
"""

from collections.abc import Callable, Iterable

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_greedy import addable, by_gain, by_ratio, complete, unmet
from solvers.tables.expert_selection_routing import route


def best_single(tables: Tables) -> Bools | None:
    """The best feasible selection of one expert."""
    singles = [tables.chosen([expert]) for expert in range(tables.experts)]
    feasible = [single for single in singles if tables.feasible(single)]
    return max(feasible, key=lambda one: tables.function.values(one[None])[0], default=None)


def top_k_quality(tables: Tables) -> Bools | None:
    """Experts by mean quality."""
    mean = tables.weight @ tables.quality
    return _in_order(tables, np.argsort(-mean, kind="stable").tolist())


def random_feasible(tables: Tables, limits: Limits) -> Bools | None:
    """Experts in the order that the seed draws."""
    order = np.random.default_rng(limits.seed).permutation(tables.experts)
    return _in_order(tables, order.tolist())


def _in_order(tables: Tables, order: Iterable[int]) -> Bools | None:
    """Every expert that fits, in an order; the last feasible selection on the way."""
    chosen, last = tables.chosen([]), None
    everyone = np.ones_like(chosen)
    for expert in order:
        if addable(tables, chosen, everyone)[expert]:
            chosen[expert] = True
            if tables.feasible(chosen):
                last = chosen.copy()
    return last


def greedy_quality(tables: Tables) -> Bools | None:
    """The largest gain first."""
    return complete(tables, tables.chosen([]), tables.allowed, by_gain)


def greedy_ratio(tables: Tables) -> Bools | None:
    """The largest gain per budget first."""
    return complete(tables, tables.chosen([]), tables.allowed, by_ratio(tables))


def greedy_local_search(tables: Tables, watch: Stopwatch) -> Bools | None:
    """Both greedies, improved by leaving one expert out at a time."""
    starts = [greedy_quality(tables), greedy_ratio(tables)]
    best = max((s for s in starts if s is not None), key=_value(tables), default=None)
    improved = best is not None
    while improved and best is not None and not watch.expired():
        improved = False
        for expert in np.flatnonzero(best).tolist():
            neighbour = _without(tables, best, expert)
            if neighbour is not None and _value(tables)(neighbour) > _value(tables)(best) + 1e-6:
                best, improved = neighbour, True
                break
    return best


def _value(tables: Tables) -> Callable[[Bools], float]:
    return lambda chosen: float(tables.function.values(chosen[None])[0])


def _without(tables: Tables, chosen: Bools, expert: int) -> Bools | None:
    """The better greedy completion of a selection that loses an expert for good."""
    inside, free = chosen.copy(), tables.allowed.copy()
    inside[expert] = free[expert] = False
    found = [complete(tables, inside, free, price) for price in (by_ratio(tables), by_gain)]
    return max((f for f in found if f is not None), key=_value(tables), default=None)


class _Heuristic:
    """A method as a solver."""

    name: str

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None where it finds none."""
        raise NotImplementedError

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """A plan without proof, or none and why."""
        tables, watch = build(problem), Stopwatch(limits, report)
        chosen = self.propose(tables, limits, watch)
        reason = watch.reason(Reason.HEURISTIC)
        if chosen is None:
            missing = len(unmet(tables, tables.allowed))
            detail = "some cluster has no expert" if missing else "found no feasible selection"
            return Claim(self.name, reason, detail=detail)
        routing = route(tables, chosen) if tables.decided else None
        if tables.decided and routing is None:
            return Claim(self.name, reason, detail="found no routing within the energy")
        return Claim(self.name, reason, tables.plan(chosen, routing))


class BestSingle(_Heuristic):
    """The one expert with the best quality."""

    name = "best-single"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return best_single(tables)


class TopKQuality(_Heuristic):
    """Experts by mean quality."""

    name = "top-k-quality"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return top_k_quality(tables)


class RandomFeasible(_Heuristic):
    """Experts in a random order."""

    name = "random-feasible"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return random_feasible(tables, limits)


class GreedyQuality(_Heuristic):
    """The largest gain first."""

    name = "greedy-quality"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return greedy_quality(tables)


class GreedyRatio(_Heuristic):
    """The largest gain per budget first."""

    name = "greedy-ratio"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return greedy_ratio(tables)


class GreedyLocalSearch(_Heuristic):
    """Both greedies, improved."""

    name = "greedy-local-search"

    def propose(self, tables: Tables, limits: Limits, watch: Stopwatch) -> Bools | None:
        """A selection [n], or None."""
        return greedy_local_search(tables, watch)
