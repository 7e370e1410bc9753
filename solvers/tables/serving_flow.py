"""Arrays of a serving problem, and the flow of a placement.

Rates are cut off at the compute bound, which no flow exceeds: every flow stays what it is, and sums
stay small. Vertices of a network: 0 the source, 1 the sink, 2 + 2 i into node i, 3 + 2 i out of it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.problems.serving_flow import Placement, ServingFlowPlan, ServingFlowProblem
from solvers.tables.serving_flow_network import SINK, SOURCE, Bools, Flow, Ints, maximum_flow

__all__ = ["Bools", "Ints", "Tables", "build"]


@dataclass(frozen=True, eq=False)
class Tables:
    """Rates in µtokens/s, none above `bound`; 0 where there is no link.

    rate: [n, K] through a node with k layers at [i, k - 1], 0 where it does not hold so many;
    most: [n] layers that it holds at most; source, sink: [n]; link: [n, n] from row to column.
    """

    names: tuple[str, ...]
    layers: int
    partial: bool
    bound: int
    rate: Ints
    most: Ints
    source: Ints
    sink: Ints
    link: Ints

    @property
    def nodes(self) -> int:
        """The number n."""
        return len(self.names)

    @cached_property
    def loose(self) -> bool:
        """Whether no link ever binds: all are there, none slower than a node at either end."""
        top = self.rate.max(axis=1)
        wide = np.minimum(top[:, np.newaxis], top) <= self.link
        np.fill_diagonal(wide, val=True)
        ends = (self.source >= top) & (self.sink >= top)
        return bool(wide.all() and ends.all())

    @cached_property
    def choices(self) -> tuple[tuple[int, ...], ...]:
        """Per node the numbers of layers for which no larger one is at least as fast."""
        found = []
        for i, most in enumerate(self.most.tolist()):
            row = self.rate[i, :most].tolist()
            found.append(tuple(k + 1 for k in range(most) if max(row[k + 1 :], default=0) < row[k]))
        return tuple(found)

    @cached_property
    def classes(self) -> tuple[tuple[int, ...], ...]:
        """Nodes that may be exchanged for each other in any placement, in groups."""
        groups: dict[object, list[list[int]]] = {}
        for i in range(self.nodes):
            key = (*self.rate[i].tolist(), int(self.source[i]), int(self.sink[i]))
            for group in groups.setdefault(key, []):
                if self._alike(group[0], i) and all(self._alike(other, i) for other in group[1:]):
                    group.append(i)
                    break
            else:
                groups[key].append([i])
        return tuple(tuple(group) for found in groups.values() for group in found)

    def _alike(self, i: int, j: int) -> bool:
        """Whether exchanging two nodes changes no link."""
        order = np.arange(self.nodes)
        order[[i, j]] = j, i
        rows = np.array([i, j])
        return bool(
            (self.link[rows] == self.link[order[rows]][:, order]).all()
            and (self.link[:, rows] == self.link[order][:, order[rows]]).all()
        )

    def rates(self, start: Ints, stop: Ints) -> Ints:
        """[n] what passes each node."""
        found: Ints = self.rate[np.arange(self.nodes), stop - start - 1]
        return found

    def follows(self, start: Ints, stop: Ints) -> Bools:
        """[n, n] whether a node may go on where another has stopped, with a link between them."""
        if self.partial:
            after = (start <= stop[:, np.newaxis]) & (stop[:, np.newaxis] < stop)
        else:
            after = start == stop[:, np.newaxis]
        return np.asarray(after & (self.link > 0))

    def coverage(self, start: Ints, stop: Ints) -> Ints:
        """[layers] sum of what passes the nodes that hold each layer."""
        change = np.zeros(self.layers + 1, dtype=np.int64)
        rates = self.rates(start, stop)
        np.add.at(change, start, rates)
        np.subtract.at(change, stop, rates)
        return np.cumsum(change[:-1])

    def flow(self, start: Ints, stop: Ints) -> Flow:
        """The maximal flow of a placement and a minimum cut."""
        room = np.zeros((2 + 2 * self.nodes, 2 + 2 * self.nodes), dtype=np.int64)
        node = np.arange(self.nodes)
        into, out = 2 + 2 * node, 3 + 2 * node
        room[into, out] = self.rates(start, stop)
        room[np.ix_(out, into)] = np.where(self.follows(start, stop), self.link, 0)
        room[SOURCE, into] = np.where(start == 0, self.source, 0)
        room[out, SINK] = np.where(stop == self.layers, self.sink, 0)
        return maximum_flow(room)

    def value(self, start: Ints, stop: Ints) -> int:
        """The maximal flow of a placement.

        Where ranges may be entered in the middle and no link binds it is the least coverage of a
        layer: nodes without which no path is left are those whose removal bares some layer, since
        nodes that still hold all layers are a path by themselves (Menger 1927).
        """
        if self.partial and self.loose:
            return int(self.coverage(start, stop).min())
        return self.flow(start, stop).value

    def plan(self, start: Ints, stop: Ints) -> ServingFlowPlan:
        """The placement as a plan, nodes in the order of the problem."""
        rows = zip(self.names, start.tolist(), stop.tolist(), strict=True)
        return ServingFlowPlan(
            placements=tuple(Placement(node=n, start=a, stop=b) for n, a, b in rows)
        )

    def ranges(self, plan: ServingFlowPlan | None) -> tuple[Ints, Ints] | None:
        """Start and stop per node of a plan that keeps to the rules of single nodes, else None."""
        held = {} if plan is None else {p.node: (p.start, p.stop) for p in plan.placements}
        if plan is None or len(plan.placements) != self.nodes or set(held) != set(self.names):
            return None
        start, stop = np.array([held[name] for name in self.names], dtype=np.int64).T
        fits = (start < stop) & (stop <= self.layers) & (stop - start <= self.most)
        return (start, stop) if fits.all() else None


def build(problem: ServingFlowProblem) -> Tables:
    """The arrays of a problem; O(nodes²)."""
    names = tuple(node.name for node in problem.nodes)
    index = {name: i for i, name in enumerate(names)}
    bound = problem.compute_bound
    rows = [problem.throughput[name] for name in names]
    rate = np.zeros((len(names), max(map(len, rows))), dtype=np.int64)
    for i, row in enumerate(rows):
        rate[i, : len(row)] = np.minimum(row, bound)
    link = np.zeros((len(names), len(names)), dtype=np.int64)
    for (a, b), amount in problem.rates.items():
        link[index[a], index[b]] = min(amount, bound)
    return Tables(
        names=names,
        layers=problem.layers,
        partial=problem.partial_inference,
        bound=bound,
        rate=rate,
        most=np.array([len(row) for row in rows], dtype=np.int64),
        source=_ends([node.from_source_utokens_per_s for node in problem.nodes], bound),
        sink=_ends([node.to_sink_utokens_per_s for node in problem.nodes], bound),
        link=link,
    )


def _ends(rates: list[int | None], bound: int) -> Ints:
    return np.array([min(rate or 0, bound) for rate in rates], dtype=np.int64)
