"""The polyblock of {0,1}: a reference for tests and the benchmark, which dies near 20 experts.

Vertices are sets Z, bounded by the best quality of any part of Z. The best vertex is taken: if it
is feasible and as good as its bound, no selection is better; else it gives way to all Z ∖ {i}, with
i after the last one removed, so that each set comes once. Source: Tuy, Monotonic optimization,
SIAM J. Optim. 11 (2000), whose vertices on {0,1} are these.
"""

import heapq

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_quality import Gated, Measured

_TOLERANCE = 1e-6
# A vertex takes about 200 bytes: 400 MB.
_MAX_VERTICES = 2 * 10**6


class Polyblock:
    """The method as a solver; routing decided by the selection."""

    name = "polyblock"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, when time or room for vertices is up, a valid bound."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.decided:
            return Claim(self.name, Reason.UNSUPPORTED, detail="routing is a decision of its own")
        run = _Run(tables)
        while run.vertices and -run.vertices[0][0] >= run.target:
            if watch.expired() or len(run.vertices) > _MAX_VERTICES:
                return self._stopped(run, watch)
            run.step()
        stats = {"vertices": run.number}
        if run.best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        plan = tables.plan(run.best)
        return Claim(self.name, Reason.COMPLETED, plan, run.objective, stats=stats)

    def _stopped(self, run: "_Run", watch: Stopwatch) -> Claim[ExpertSelectionPlan]:
        reason = Reason.MEMORY_LIMIT
        if watch.expired():
            reason = watch.why()
        bound, lower = -run.vertices[0][0], None
        if np.isfinite(bound):
            lower = max(0, int(np.ceil(MILLION - bound - _TOLERANCE)))
        plan = None if run.best is None else run.tables.plan(run.best)
        return Claim(self.name, reason, plan, lower)


class _Run:
    """The open vertices: (-bound, number, last expert removed, set [n])."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.vertices = [(-_bound(tables, tables.allowed), 0, -1, tables.allowed.copy())]
        self.best: Bools | None = None
        self.objective: int | None = None
        self.target = -np.inf
        self.number = 0

    def step(self) -> None:
        """Take the best vertex, or put its parts in its place."""
        bound, _, last, mask = heapq.heappop(self.vertices)
        if self.tables.feasible(mask):
            self._offer(mask)
            if self.tables.function.monotone:
                return
        for expert in np.flatnonzero(mask[last + 1 :]) + last + 1:
            part = mask.copy()
            part[expert] = False
            if (self.tables.needed & part).any(axis=1).all():
                self.number += 1
                value = min(-bound, _bound(self.tables, part))
                heapq.heappush(self.vertices, (-value, self.number, int(expert), part))

    def _offer(self, mask: Bools) -> None:
        objective = self.tables.objective(mask)
        if self.objective is None or objective < self.objective:
            self.best, self.objective = mask, objective
            self.target = MILLION - (objective - 1) - _TOLERANCE


def _bound(tables: Tables, mask: Bools) -> float:
    """The best quality of any part of a set, ppm."""
    function = tables.function
    if isinstance(function, Gated | Measured):
        return function.box(np.zeros_like(mask), mask)
    return float(function.values(mask[None])[0])
