"""Local search for the placement of experts, layer by layer, from EPLB's placement.

Where groups are bound to nodes the search is inside nodes, for the most promising ways of giving
groups to nodes in turn (expert_balance_nodes.py); a way whose floor is no better than the best
placement is left out. An equal split is searched as in expert_balance_equal.py; a split, from the
best equal one, as in expert_balance_split.py.
"""

import numpy as np

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Mode
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic import expert_balance_equal as equal
from solvers.heuristic import expert_balance_split as split
from solvers.heuristic.expert_balance import eplb
from solvers.heuristic.expert_balance_nodes import floors, partitions
from solvers.tables.expert_balance import Ints, Layer, build, hinted, plan_of, restricted, too_few
from solvers.tables.expert_balance_hops import admissible

_WAYS = 4


class LocalSearch:
    """Swaps and re-replications from EPLB's placement."""

    name = "local-search"

    def solve(
        self,
        problem: ExpertBalanceProblem,
        limits: Limits,
        hint: ExpertBalancePlan | None = None,
        report: Progress[ExpertBalancePlan] | None = None,
    ) -> Claim[ExpertBalancePlan]:
        """A plan no worse than EPLB's and the hint's."""
        watch = Stopwatch(limits, report)
        layers = build(problem)
        if not all(layer.feasible for layer in layers):
            return Claim(self.name, Reason.HEURISTIC, detail=too_few(layers[0]))
        known = hinted(problem, layers, hint)
        placed = [
            place(layer, start, limits.seed, watch)
            for layer, start in zip(layers, known, strict=True)
        ]
        reason = watch.reason(Reason.HEURISTIC)
        if not admissible(problem, layers, placed):
            return Claim(self.name, reason, detail="out of balance")
        return Claim(self.name, reason, plan_of(placed))


def _inside_nodes(layer: Layer, start: Ints, floor: float, seed: int, watch: Stopwatch) -> Ints:
    """Each node by itself, the fullest first, none further than the fullest has come; then all."""
    if layer.nodes == 1:
        return equal.search(layer, start, floor, seed, watch.expired)
    counts, reached = start.copy(), floor
    parts = []
    for node in range(layer.nodes):
        experts = np.flatnonzero(start[:, layer.node == node].any(axis=1))
        part = restricted(layer, experts, np.flatnonzero(layer.node == node))
        parts.append(
            (float(floors(part, np.zeros((1, 1), dtype=np.int64))[0]), node, experts, part)
        )
    for _, node, experts, part in sorted(parts, key=lambda item: (-item[0], item[1])):
        place = np.ix_(experts, np.flatnonzero(layer.node == node))
        counts[place] = equal.search(part, counts[place], reached, seed, watch.expired)
        reached = max(reached, equal.State(part, counts[place]).value)
    if len(layer.weight) > 1 or layer.move_ns:
        return equal.search(layer, counts, floor, seed, watch.expired)
    return counts


def place(layer: Layer, hint: Ints | None, seed: int, watch: Stopwatch) -> Ints:
    """[E, G] replicas of one layer."""
    ways = partitions(layer, _WAYS)
    best, least = eplb(layer), float("inf")
    starts = [(floor, eplb(layer, nodes)) for floor, nodes in ways]
    starts += [(ways[0][0], counts) for counts in (hint,) if counts is not None]
    if layer.nodes > 1:
        # EPLB's own way may not be among them, and is what the result must not be worse than.
        starts.append((ways[0][0], best))
    for floor, start in starts:
        if floor >= least or (watch.expired() and least < float("inf")):
            continue
        found = _inside_nodes(layer, start, floor, seed, watch)
        value = equal.State(layer, found).value
        if value < least:
            best, least = found, value
    if layer.mode is Mode.SPLIT:
        also = [counts for counts in (hint,) if counts is not None]
        best = split.search(layer, [best, *also], seed, watch)
    return best
