"""The integer program of a placement and its flow, literal: one column per node and range.

    x[i, a, b] = 1 where node i holds layers a … b - 1;  f[i, j], from[i], to[i] flows in µtokens/s

    maximise  Σ from[i]   subject to, for every node i,
      Σ x[i, ·] = 1
      from[i] + Σ_j f[j, i]  =  to[i] + Σ_j f[i, j]  ≤  Σ rate x[i, ·]
      from[i] ≤ source_i Σ x[i, 0, ·],   to[i] ≤ sink_i Σ x[i, ·, layers]
      f[i, j] ≤ link_ij (Σ x[i, ·, other than b]  +  Σ x[j, ranges that go on behind b])   for all b

The last line leaves the link out where i stops at b and j does not go on there. Flows need not be
asked to be whole: once the x are, a maximal flow of integers is among the best.
"""

from itertools import chain

import numpy as np

from solvers.integer_program import Array
from solvers.program_builder import Builder
from solvers.tables.serving_flow import Ints, Tables

Range = tuple[int, int]


class Formulation:
    """Columns and rows of the program; cost is less the flow."""

    def __init__(self, tables: Tables, goal: int, upper: int) -> None:
        """For flows of `goal` to `upper`."""
        self.tables = tables
        self.builder = Builder()
        self.ranges: list[list[Range]] = [
            [(a, a + k) for k in range(1, most + 1) for a in range(tables.layers - k + 1)]
            for most in tables.most.tolist()
        ]
        self.takes = [[self.builder.column() for _ in ranges] for ranges in self.ranges]
        self.first = self._flows(tables.source, cost=-1)
        self.last = self._flows(tables.sink, cost=0)
        self.links = {
            (i, j): self.builder.column(upper=int(tables.link[i, j]), whole=False)
            for i, j in np.argwhere(tables.link > 0).tolist()
            if i != j
        }
        self.builder.row([(column, 1) for column in self.first], goal, upper)
        for node in range(tables.nodes):
            self.every_node_holds_one_range(node)
            self.what_comes_goes_on(node)
            self.ends_need_the_first_and_last_layer(node)
        for i, j in self.links:
            self.links_lead_to_where_it_goes_on(i, j)

    def _flows(self, rates: Ints, cost: int) -> list[int]:
        return [self.builder.column(cost, upper=rate, whole=False) for rate in rates.tolist()]

    def every_node_holds_one_range(self, node: int) -> None:
        """Each node holds exactly one range."""
        self.builder.row([(column, 1) for column in self.takes[node]], 1, 1)

    def what_comes_goes_on(self, node: int) -> None:
        """What comes to a node leaves it, and is no more than passes it."""
        into = [self.first[node], *(c for (_, j), c in self.links.items() if j == node)]
        out = [self.last[node], *(c for (i, _), c in self.links.items() if i == node)]
        self.builder.row([*((c, 1) for c in into), *((c, -1) for c in out)], 0, 0)
        rates = self.tables.rate[node]
        room = [(c, -int(rates[b - a - 1])) for c, (a, b) in self._of(node)]
        self.builder.row([*((c, 1) for c in into), *room], high=0)

    def ends_need_the_first_and_last_layer(self, node: int) -> None:
        """The source feeds nodes with layer 0 only; nodes with the last layer feed the sink."""
        source, sink = int(self.tables.source[node]), int(self.tables.sink[node])
        first = [(c, -source) for c, (a, _) in self._of(node) if a == 0]
        last = [(c, -sink) for c, (_, b) in self._of(node) if b == self.tables.layers]
        self.builder.row([(self.first[node], 1), *first], high=0)
        self.builder.row([(self.last[node], 1), *last], high=0)

    def links_lead_to_where_it_goes_on(self, i: int, j: int) -> None:
        """Nothing passes a link whose target does not go on where its origin has stopped."""
        rate = int(self.tables.link[i, j])
        for at in range(1, self.tables.layers + 1):
            elsewhere = [(c, -rate) for c, (_, b) in self._of(i) if b != at]
            goes_on = [(c, -rate) for c, (a, b) in self._of(j) if self._follows(at, a, b)]
            self.builder.row([(self.links[i, j], 1), *elsewhere, *goes_on], high=0)

    def _follows(self, at: int, start: int, stop: int) -> bool:
        return start <= at < stop if self.tables.partial else start == at

    def _of(self, node: int) -> list[tuple[int, Range]]:
        return list(zip(self.takes[node], self.ranges[node], strict=True))

    def placement(self, point: Array) -> tuple[Ints, Ints]:
        """Start and stop per node."""
        taken = set(np.flatnonzero(point).tolist())
        rows = chain.from_iterable(map(self._of, range(self.tables.nodes)))
        start, stop = np.array([r for c, r in rows if c in taken], dtype=np.int64).T
        return start, stop
