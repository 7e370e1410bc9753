"""All selections, one after another: the reference for small instances, any quality model."""

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_monotone import counter_example

_MAX_EXPERTS = 20
_CHUNK = 2**13
# Selections whose qualities in floating point are this close are told apart exactly.
_CLOSE = 1e-5


class Enumeration:
    """2ⁿ selections in chunks; up to 20 experts, routing decided by the selection."""

    name = "enumeration"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum, the first in the order of binary numbers among equals."""
        watch = Stopwatch(limits, report)
        count = len(problem.experts)
        if problem.routing_is_decided:
            return Claim(self.name, Reason.UNSUPPORTED, detail="routing is a decision of its own")
        if count > _MAX_EXPERTS:
            detail = f"{count} experts; enumerates the selections of up to {_MAX_EXPERTS}"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        tables = build(problem)
        best: tuple[int, Bools] | None = None
        for start in range(0, 2**tables.experts, _CHUNK):
            if watch.expired():
                reason = watch.why()
                return Claim(self.name, reason, None if best is None else tables.plan(best[1]))
            stop = min(start + _CHUNK, 2**tables.experts)
            numbers = np.arange(start, stop)
            masks = (numbers[:, None] >> np.arange(tables.experts) & 1).astype(np.bool_)
            best = _better(best, _best(tables, masks[_feasible(tables, masks)]))
        stats = {"selections": 2**tables.experts}
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        detail, plan = counter_example(tables) or "", tables.plan(best[1])
        return Claim(self.name, Reason.COMPLETED, plan, best[0], detail=detail, stats=stats)


def _feasible(tables: Tables, masks: Bools) -> Bools:
    """[k] whether each selection [k, n] keeps to the budgets and meets the requirements."""
    fits = ~(masks & ~tables.allowed).any(axis=1)
    fits &= (masks @ tables.rows.T <= tables.limits).all(axis=1)
    fits &= (masks @ tables.needed.T).all(axis=1)
    if tables.peak is not None:
        held = np.sort(np.where(masks, tables.peak.energy, 0), axis=1)
        fits &= held[:, -tables.peak.k :].sum(axis=1) <= tables.peak.limit
    return np.asarray(fits)


def _best(tables: Tables, masks: Bools) -> tuple[int, Bools] | None:
    quality = tables.function.values(masks)
    if not len(quality) or quality.max() == -np.inf:
        return None
    close = masks[quality >= quality.max() - _CLOSE]
    objectives = [tables.objective(mask) for mask in close]
    at = int(np.argmin(objectives))
    return objectives[at], close[at]


def _better(
    one: tuple[int, Bools] | None, other: tuple[int, Bools] | None
) -> tuple[int, Bools] | None:
    if one is None or (other is not None and other[0] < one[0]):
        return other
    return one
