"""What-if questions about expert selections, answered by branch, reduce and bound."""

from dataclasses import replace

import numpy as np

from models.problems.expert_selection import ExpertSelectionProblem as Problem
from models.problems.expert_selection_modes import QualityModel
from models.result import Limits
from planner.explain.clock import Clock, TimeUpError
from solvers.base import UNREACHABLE, Stopwatch
from solvers.search.expert_selection import search
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_quality import TopK


class SearchClock(Clock):
    """Asks the search itself, with a quality that is quickly settled where any plan will do."""

    def possible(self, problem: Problem) -> bool:
        """Whether any plan exists. Raises TimeUpError."""
        tables = build(problem)
        if problem.routing_is_decided and tables.routed_limit is not None:
            return self._routable(tables, tables.routed_limit)
        return self._settled(_any_plan_will_do(tables)) is not None

    def _settled(self, tables: Tables) -> Bools | None:
        """The best selection [n], None where there is none. Raises TimeUpError."""
        found = search(tables, Stopwatch(Limits(time_limit_ns=self.left_ns()), None))
        if not found.complete:
            raise TimeUpError
        return found.chosen

    def _routable(self, tables: Tables, limit: int) -> bool:
        """Whether some selection's cheapest routing keeps to the energy budget.

        Cheap answers are good ones here: the search maximises what is left of the dearest.
        """
        dearest = int(tables.energy.max(initial=0))
        total = int(tables.weight.sum())
        saved = np.where(tables.usable, dearest - tables.energy, 0)
        function = TopK(tables.weight / total, saved, 1)
        cheap = replace(tables, function=function, model=QualityModel.BEST_EXPERT, step=0.0)
        chosen = self._settled(replace(cheap, quality=saved, asked=1))
        if chosen is None:
            return False
        spend = np.where(tables.usable & chosen, tables.energy, UNREACHABLE).min(axis=1)
        return int(tables.weight @ spend) <= limit


def _any_plan_will_do(tables: Tables) -> Tables:
    """The tables with a quality that is the same for every defined selection."""
    if tables.model is QualityModel.TABLE:
        return tables
    nothing = TopK(np.ones(1), np.zeros((1, tables.experts), dtype=np.int64), 1)
    return replace(
        tables,
        function=nothing,
        model=QualityModel.BEST_EXPERT,
        quality=np.zeros_like(tables.quality),
        asked=1,
        gate=None,
        step=0.0,
    )
