"""The best selection of a search, and the quality that a better one has to reach."""

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan
from models.problems.expert_selection_checks import MILLION
from solvers.base import Progress
from solvers.tables.expert_selection import Bools, Tables

# Errors of float sums of qualities stay a hundred times below this, ppm.
TOLERANCE = 1e-6


class Incumbent:
    """Grows better by `offer`.

    target: ppm; no selection of lower quality improves the objective: the next one is at least one
    ppm, and one step of the grid on which the qualities lie, better.
    """

    def __init__(self, tables: Tables, report: Progress[ExpertSelectionPlan] | None) -> None:
        self.tables, self.report = tables, report
        self.chosen: Bools | None = None
        self.objective: int | None = None
        self.target = -np.inf
        self._told = -1

    def offer(self, chosen: Bools) -> None:
        """Take a feasible selection if it is the best so far."""
        objective = self.tables.objective(chosen)
        if self.objective is not None and objective >= self.objective:
            return
        self.chosen, self.objective = chosen.copy(), objective
        quality = float(self.tables.function.values(chosen[None])[0])
        self.target = max(MILLION - (objective - 1), quality + self.tables.step) - TOLERANCE
        if self.report is not None:
            self.report.plan(self.tables.plan(chosen))

    def bounded(self, bound: float) -> None:
        """Tell whoever listens what the bound on all that is open, ppm, proves."""
        lower = self.lower_bound(bound)
        if self.report is not None and lower is not None and lower > self._told:
            self._told = lower
            self.report.bound(lower)

    def lower_bound(self, bound: float | None) -> int | None:
        """The objective's bound from the bound on what is open; None for nothing open."""
        if bound is None:
            return self.objective
        lower = max(0, int(np.ceil(MILLION - bound - TOLERANCE)))
        return lower if self.objective is None else min(lower, self.objective)
