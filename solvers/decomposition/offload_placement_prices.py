"""Offload placement by prices on memory, loss and time; each layer a p-median of its own.

A cutting-plane model says which prices to try next; every evaluation gives a bound and a pattern
per layer, and a dynamic program over the layers puts the patterns together to a plan. Subgradients
then sharpen the bound. Where bound and plan do not meet, HiGHS searches the columns that may be in
a better plan, those whose increase the gap admits: the most likely of them first, then all, which
closes the proof.

Where the slowest expert of a token counts, weights on its experts make the times add up; see
offload_placement_slowest.py.
"""

from dataclasses import replace

import numpy as np

from models.problems.offload_placement import (
    OffloadPlacementPlan,
    OffloadPlacementProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.decomposition.offload_placement_rounds import State, by_prices
from solvers.decomposition.offload_placement_slowest import of_slowest
from solvers.milp.offload_placement_program import Found, claim, solve
from solvers.tables.offload_placement import Tables, build

# How many columns are searched, in halves of the clients' number, those with the least increase
# first, and for what share of the time left; 0 for all that the gap admits, which is the proof.
_PARTS = ((3, 3), (6, 3), (0, 1))


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
            state, rounds = by_prices(tables, watch, start, listener)
            found = _close(tables, limits, watch, state)
        else:
            found, rounds = of_slowest(tables, limits, watch, start, listener)
        stats: dict[str, int | float | str] = {"columns": len(tables.cost), "rounds": rounds}
        return claim(self.name, tables, found, stats)


def _close(tables: Tables, limits: Limits, watch: Stopwatch, state: State) -> Found:
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
