"""The assignment program by CP-SAT: modular, best_expert and top_k in every mode."""

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.result import Claim, Limits, Reason
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.tables.expert_selection import build
from solvers.tables.expert_selection_program import ASSIGNED, assignment

# Building takes about 10 µs per pair of cluster and expert, and a pair some 500 bytes.
_MAX_PAIRS = 10**6


class ConstraintProgram:
    """The method as a solver; every number is whole, so its optimum is one without tolerance."""

    name = "cpsat"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, at the time limit, what CP-SAT has."""
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
        found, bounded = model.streaming(tables, report)
        answer = program_cpsat.solve(
            model.program, watch, limits.seed, found=found, bounded=bounded
        )
        return model.claim(self.name, tables, answer)
