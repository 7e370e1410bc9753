"""Placement and flow by CP-SAT: starts and sizes as integers, rates looked up, links switched.

A node's range is (start, size), its rate an element of its throughputs at that size. A link that
carries anything is switched on, and then its target goes on where its origin stops. Nodes that may
be exchanged for each other start in ascending order.
"""

from itertools import pairwise

import numpy as np

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.base import Progress, Stopwatch
from solvers.tables.serving_flow import Ints, Tables, build
from solvers.tables.serving_flow_answer import Best


class ConstraintProgram:
    """Clause learning on starts, sizes and switched links."""

    name = "cpsat"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The optimum, proof that nothing can flow, or what was known when time was up."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if (tables.nodes + 2) * tables.bound >= cpsat.LARGEST:
            return Claim(self.name, Reason.UNSUPPORTED, detail="its rates exceed 64-bit sums")
        best = Best(tables, report)
        given = tables.ranges(hint)
        if given is not None:
            best.take(*given)
        model = _Model(tables, best.flow)
        answer = cpsat.solve(
            model.model,
            [*model.start, *model.size],
            watch,
            limits.seed,
            found=lambda values: _take(best, values),
            bounded=lambda bound: best.limit(-bound),
        )
        if answer.values is not None:
            _take(best, answer.values)
        if answer.lower_bound is not None:
            best.limit(-answer.lower_bound)
        return best.claim(self.name, watch, dict(answer.stats))


def _take(best: Best, values: tuple[int, ...]) -> None:
    start, size = np.array(values, dtype=np.int64).reshape(2, -1)
    best.take(start, start + size)


class _Model:
    """Variables and constraints; the cost is less the flow."""

    def __init__(self, tables: Tables, least: int) -> None:
        self.tables = tables
        self.model = cpsat.CpModel()
        self.start = [self.model.new_int_var(0, tables.layers - 1, "") for _ in tables.names]
        self.size = [self.model.new_int_var(1, most, "") for most in tables.most.tolist()]
        for start, size in zip(self.start, self.size, strict=True):
            self.model.add(start + size <= tables.layers)
        nodes = range(tables.nodes)
        self.first = [self._from_the_source(node) for node in nodes]
        self.last = [self._to_the_sink(node) for node in nodes]
        self.links = {
            (i, j): self._along(i, j) for i in nodes for j in nodes if tables.link[i, j] and i != j
        }
        for node in nodes:
            self.what_comes_goes_on(node)
        for members in tables.classes:
            self.equal_nodes_stand_in_order(members)
        self.model.add(sum(self.first) >= least)
        self.model.add(sum(self.first) <= tables.bound)
        self.model.minimize(-sum(self.first))

    def _from_the_source(self, node: int) -> cpsat.IntVar:
        """What the source sends to a node: nothing unless it holds the first layer."""
        flow, on = self._switched(self.tables.source, node)
        self.model.add(self.start[node] == 0).only_enforce_if(on)
        return flow

    def _to_the_sink(self, node: int) -> cpsat.IntVar:
        """What a node sends to the sink: nothing unless it holds the last layer."""
        flow, on = self._switched(self.tables.sink, node)
        stop = self.start[node] + self.size[node]
        self.model.add(stop == self.tables.layers).only_enforce_if(on)
        return flow

    def _along(self, i: int, j: int) -> cpsat.IntVar:
        """What passes a link: nothing unless its target goes on where its origin stops."""
        flow, on = self._switched(self.tables.link[i], j)
        stop = self.start[i] + self.size[i]
        if self.tables.partial:
            self.model.add(self.start[j] <= stop).only_enforce_if(on)
            self.model.add(stop < self.start[j] + self.size[j]).only_enforce_if(on)
        else:
            self.model.add(self.start[j] == stop).only_enforce_if(on)
        return flow

    def _switched(self, rates: Ints, node: int) -> tuple[cpsat.IntVar, cpsat.IntVar]:
        """A flow up to a rate, and whether there is any."""
        flow = self.model.new_int_var(0, int(rates[node]), "")
        on = self.model.new_bool_var("")
        self.model.add(flow == 0).only_enforce_if(~on)
        return flow, on

    def what_comes_goes_on(self, node: int) -> None:
        """What comes to a node leaves it, and is no more than its rate at its size."""
        into = self.first[node] + sum(flow for (_, j), flow in self.links.items() if j == node)
        out = self.last[node] + sum(flow for (i, _), flow in self.links.items() if i == node)
        rates = self.tables.rate[node, : self.tables.most[node]].tolist()
        rate = self.model.new_int_var(0, max(rates), "")
        self.model.add_element(self.size[node] - 1, rates, rate)
        self.model.add(into == out)
        self.model.add(into <= rate)

    def equal_nodes_stand_in_order(self, members: tuple[int, ...]) -> None:
        """Of nodes that may be exchanged, each starts no earlier than the one before."""
        for a, b in pairwise(members):
            self.model.add(self.start[a] <= self.start[b])
