"""Layers and chunks by iterative deepening: all plans below a value that rises till one is there.

A round goes through all layer plans (sequence_pipeline_layers.py) and all divisions of the prompt
on them (sequence_pipeline_tree.py) whose bound is below the round's cap. A plan that is found there
lowers the cap to its value, and the last one is the optimum; where none is found, no plan costs
less than the least bound that was left out, and the next round looks a step further (Korf,
Artificial Intelligence 27, 1985). What chunks cost is read from the problem anew
(sequence_pipeline_costs.py): with the other exact methods this one has neither tables nor bounds
nor the order of search in common. Time grows with the plans that are bounded below the optimum, at
worst exponentially in stages and chunks; memory with the depth of the tree, some tens of megabytes
beside the tables.
"""

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.search.sequence_pipeline_costs import Costs, read
from solvers.search.sequence_pipeline_horizon import Horizon
from solvers.search.sequence_pipeline_layers import Layers
from solvers.search.sequence_pipeline_tree import Tree

# Parts of the bound by which rounds look further, from round to round twice as far: rounds cost
# some five times the one before, so that those before the last are a fraction of it. The first
# bound leaves links out, so that steps in parts of it would be tiny where links are slow.
_FIRST_STEP = 64
_LAST_STEP = 16


class Deepening:
    """Exact, with bounds on the way."""

    name = "deepening"

    def solve(
        self,
        problem: Problem,
        limits: Limits,
        hint: Plan | None = None,
        report: Progress[Plan] | None = None,
    ) -> Claim[Plan]:
        """The optimum, or proof that there is no plan; no hint is needed, and none read."""
        watch = Stopwatch(limits, report)
        costs = read(problem)
        if costs is None:
            detail = "too many places where a chunk may end; raise chunk_step"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        return _Search(costs, watch, report or Progress()).run(self.name)


class _Search:
    """Rounds, and what they have found."""

    def __init__(self, costs: Costs, watch: Stopwatch, report: Progress[Plan]) -> None:
        self.costs, self.watch, self.report = costs, watch, report
        self.layers, self.horizon = Layers(costs), Horizon()
        self.rounds = self.nodes = 0

    def run(self, name: str) -> Claim[Plan]:
        """Round after round, until the best plan is no further than the bound or time is up."""
        horizon, floor = self.horizon, self.layers.least()
        step = max(1, floor // _FIRST_STEP)
        while floor < horizon.value:
            horizon.open(floor + step)
            self._round()
            if self.watch.expired():
                return Claim(name, self.watch.why(), horizon.plan, floor, stats=self._stats())
            floor = horizon.floor
            self.report.bound(floor)
            step = max(1, min(2 * step, floor // _LAST_STEP))
        if horizon.plan is None:
            return Claim(name, Reason.INFEASIBLE, stats=self._stats())
        return Claim(name, Reason.COMPLETED, horizon.plan, horizon.value, stats=self._stats())

    def _round(self) -> None:
        """Everything within the horizon."""
        self.rounds += 1
        for plans in self.layers.plans(self.horizon, self.watch):
            known = self.horizon.plan
            tree = Tree(self.costs, plans)
            tree.search(self.horizon, self.watch)
            self.nodes += tree.looked_at
            if self.horizon.plan is not None and self.horizon.plan is not known:
                self.report.plan(self.horizon.plan)

    def _stats(self) -> dict[str, int | float | str]:
        begun = self.layers.looked_at
        return {"rounds": self.rounds, "layer plans begun": begun, "chunks tried": self.nodes}
