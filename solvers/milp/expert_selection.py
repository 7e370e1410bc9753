"""The assignment program by HiGHS: modular, best_expert and top_k in every mode."""

import numpy as np

from models.problems.expert_selection import (
    MILLION,
    ExpertSelectionPlan,
    ExpertSelectionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.backends import sparse_highs
from solvers.base import Progress, Stopwatch
from solvers.sparse_program import Ended
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_program import ASSIGNED, assignment

# HiGHS takes about 1 kB per pair of cluster and expert, and minutes for its first relaxation.
_MAX_PAIRS = 2 * 10**6
# HiGHS' bound in ppm of a quality, to which its tolerances of 10⁻⁹ add up.
_TOLERANCE = 1e-4


class IntegerProgram:
    """The method as a solver."""

    name = "milp"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, at the time limit, what HiGHS has."""
        watch = Stopwatch(limits, report)
        if problem.quality_model not in ASSIGNED:
            detail = f"the quality model '{problem.quality_model}' is not linear"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        if len(problem.experts) * len(problem.clusters) > _MAX_PAIRS:
            detail = f"above {_MAX_PAIRS:,} pairs of cluster and expert"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        tables = build(problem)
        model = assignment(tables)
        if watch.expired():
            return Claim(self.name, Reason.TIME_LIMIT)
        # In mean quality the objective is of one size for all instances.
        scaled = model.program.scaled(1 / (tables.weight.sum() * sparse_highs.PPM_PER_UNIT))
        answer = sparse_highs.solve(scaled, watch.left_ns())
        stats = {"columns": len(scaled.cost), "rows": len(scaled.row_lower)}
        if answer.ended is Ended.INFEASIBLE:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        plan = None
        if answer.point is not None:
            chosen = model.chosen(answer.point, tables)
            routing = model.routing(answer.point, tables) if tables.decided else None
            plan = tables.plan(chosen, routing) if _sound(tables, chosen, routing) else None
        reason = Reason.COMPLETED if answer.ended is Ended.OPTIMAL else Reason.TIME_LIMIT
        if reason is Reason.COMPLETED and plan is None:
            detail = "the rounded point breaks a budget: its numbers are beyond HiGHS' tolerances"
            return Claim(self.name, Reason.FAILED, detail=detail, stats=stats)
        return Claim(self.name, reason, plan, _lower_bound(answer.bound), stats=stats)


def _sound(tables: Tables, chosen: Bools, routing: Bools | None) -> bool:
    """Whether a rounded point keeps every rule in whole numbers."""
    if not tables.feasible(chosen):
        return False
    if routing is None:
        return True
    spent = int((tables.energy * tables.weight[:, None])[routing].sum())
    asked = routing.sum(axis=1)
    within = tables.routed_limit is None or spent <= tables.routed_limit
    return within and bool((asked >= 1).all() and (asked <= tables.asked).all())


def _lower_bound(bound: float | None) -> int | None:
    """The shortfall that a bound on minus the quality proves, ppm."""
    if bound is None:
        return None
    shortfall = MILLION + bound * sparse_highs.PPM_PER_UNIT
    return max(0, int(np.ceil(shortfall - _TOLERANCE)))
