"""Layers and chunks by iterative deepening: all plans below a value that rises until one is there.

A round goes through every layer plan (solvers/search/sequence_pipeline_layers.py) and every division
of the prompt on it (…_chunks.py) whose bound is below the round's cap. Where it finds a plan below
the cap, the cap falls to its value, and the best at the end is the optimum; else no plan costs less
than the least bound that was left out, and the next round looks a step further (Korf, Artificial
Intelligence 27, 1985). The search keeps no labels, compares no two partial plans and knows no plan
to begin with; costs are read from the problem anew (…_costs.py): it shares nothing with the other
exact methods but the problem. Time grows with the plans whose bound is below the optimum, which is
exponential in stages and chunks; memory with depth.
"""

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.search.sequence_pipeline_chunks import Flow
from solvers.search.sequence_pipeline_costs import read
from solvers.search.sequence_pipeline_horizon import Horizon
from solvers.search.sequence_pipeline_layers import Layers

# A round looks so much of the first bound further than the one before, at first.
_STEPS = 64
# Rounds of fewer nodes than this are over in no time; the next one takes a larger step.
_FEW = 20_000


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
        """The optimum, or proof that there is no plan; a hint is not needed and not read."""
        watch, listener = Stopwatch(limits, report), report or Progress()
        costs = read(problem)
        if costs is None:
            detail = "too many places where a chunk may end; raise chunk_step"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        layers, horizon = Layers(costs), Horizon()
        floor = int(layers.bounds(layers.root())[0])
        step = max(1, floor // _STEPS)
        nodes = rounds = 0
        while floor < horizon.value and not watch.expired():
            cap, known, before = floor + step, horizon.value, nodes
            horizon.opened(cap)
            for plans in layers.plans(horizon):
                if watch.expired():
                    break
                if not len(plans.room): continue
                flow = Flow(costs, plans)
                flow.search(horizon, watch)
                nodes += flow.looked_at
                if horizon.value < known and horizon.plan is not None:
                    known = horizon.value
                    listener.plan(horizon.plan)
            if watch.expired():
                break
            rounds += 1
            floor = horizon.floor
            listener.bound(floor)
            step = step * 2 if nodes - before < _FEW else step
        stats = {"rounds": rounds, "nodes": nodes, "beginnings": layers.looked_at}
        if floor < horizon.value:
            return Claim(self.name, watch.why(), horizon.plan, floor, stats=stats)
        if horizon.plan is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, horizon.plan, horizon.value, stats=stats)
