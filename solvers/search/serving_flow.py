"""Branch and bound over the ranges of one node after another, without any solver.

Nodes of the fewest ranges come last, those that may be exchanged side by side and in ascending
order. For the goal, one more than the best flow, every layer l lacks max(0, goal - Σ rates of the
nodes placed that hold it), and a node i that is not placed yet adds at most
max_k k · min(t_i(k), goal) to all layers together and min(max_k t_i(k), goal) to any: where the
layers lack more than that, no placement of the rest comes up to the goal. Flows are measured where
all nodes are placed.
"""

import numpy as np

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.serving_flow import Ints, Tables, build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_start import single_pipeline

# Above it even the first node is not gone through in an hour.
_MOST_NODES = 24


class BranchAndBound:
    """Depth first, ranges in order of their size."""

    name = "branch-and-bound"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The optimum, proof that nothing can flow, or the best plan when time was up."""
        watch = Stopwatch(limits, report)
        if len(problem.nodes) > _MOST_NODES:
            detail = f"{len(problem.nodes)} nodes are too many to go through"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        tables = build(problem)
        best = Best(tables, report)
        given = tables.ranges(hint)
        if given is not None:
            best.take(*given)
        best.take(*single_pipeline(tables))
        search = _Search(best, watch)
        search.place(0, np.zeros(tables.layers, dtype=np.int64))
        if not search.stopped:
            best.limit(best.flow)
        return best.claim(self.name, watch, {"nodes": search.visited})


class _Search:
    """The placement as it grows."""

    def __init__(self, best: Best, watch: Stopwatch) -> None:
        tables = best.tables
        self.best, self.watch = best, watch
        self.visited, self.stopped = 0, False
        classes = sorted(tables.classes, key=lambda members: -int(tables.most[members[0]]))
        self.order = [node for members in classes for node in members]
        self.follows = [number > 0 for members in classes for number in range(len(members))]
        self.ranges = [_ranges(tables, node) for node in self.order]
        self.start = np.zeros(tables.nodes, dtype=np.int64)
        self.stop = np.zeros(tables.nodes, dtype=np.int64)

    def place(self, depth: int, passing: Ints, first: int = 0) -> None:
        """All placements of the nodes from `depth` on; `first`: which range of its is the first."""
        self.visited += 1
        self.stopped |= self.watch.expired()
        if self.stopped or self.best.closed:
            return
        if depth == len(self.order):
            self.best.take(self.start, self.stop)
            return
        node = self.order[depth]
        for number in range(first, len(self.ranges[depth])):
            start, stop = self.ranges[depth][number]
            after = passing.copy()
            after[start:stop] += self.best.tables.rate[node, stop - start - 1]
            if not self._hopeless(depth + 1, after):
                self.start[node], self.stop[node] = start, stop
                equal = depth + 1 < len(self.order) and self.follows[depth + 1]
                self.place(depth + 1, after, number if equal else 0)

    def _hopeless(self, depth: int, passing: Ints) -> bool:
        """Whether the nodes still to be placed cannot give the layers what they lack."""
        goal = self.best.flow + 1
        lacking = np.maximum(goal - passing, 0)
        rates = np.minimum(self.best.tables.rate[self.order[depth:]], goal)
        k = np.arange(1, rates.shape[1] + 1)
        if int(lacking.max()) > int(rates.max(axis=1, initial=0).sum()):
            return True
        return int(lacking.sum()) > int((k * rates).max(axis=1, initial=0).sum())


def _ranges(tables: Tables, node: int) -> list[tuple[int, int]]:
    """The ranges that a node may hold, the largest first."""
    sizes = range(int(tables.most[node]), 0, -1)
    return [(a, a + k) for k in sizes for a in range(tables.layers - k + 1)]
