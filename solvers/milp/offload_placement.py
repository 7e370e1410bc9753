"""Offload placement as an assignment program, solved by HiGHS on direct arrays."""

from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.milp.offload_placement_program import MOST_PATTERN_ROWS, claim, solve, too_large
from solvers.tables.offload_placement import build


class AssignmentProgram:
    """Branch and bound on all columns at once."""

    name = "milp"

    def solve(
        self,
        problem: OffloadPlacementProblem,
        limits: Limits,
        hint: OffloadPlacementPlan | None = None,
        report: Progress[OffloadPlacementPlan] | None = None,
    ) -> Claim[OffloadPlacementPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.empty:
            return Claim(self.name, Reason.INFEASIBLE, detail="an expert can be served by nothing")
        if too_large(tables):
            detail = f"above {MOST_PATTERN_ROWS:,} rows of patterns"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        start = None if hint is None else tables.columns(hint)
        if start is not None and not tables.fits(start):
            start = None
        found = solve(tables, limits, watch, start=start, report=report)
        return claim(self.name, tables, found, {"columns": len(tables.cost)})
