"""Minimum cut: exact on chains and DAGs wherever no limit binds.

p[v, k] = 1 says that layer v runs behind hop k; p[v, k] ≤ p[v, k-1], and p[u, k] ≤ p[v, k] along
every edge. Of each tensor and hop only the cheapest form can be in an optimum, and it is paid once
when the producer is before the hop and any reader behind. All terms are then functions of the
p's whose least sum is a minimum s-t cut (Picard and Ratliff 1975; for one hop this is the graph of
DADS, Hu et al., INFOCOM 2019; several hops stack like the levels of Ishikawa 2003):

    source side = before the hop (p = 0), sink side = behind it (p = 1)
    run v on 0: (v,0) -> sink ;  on K-1: source -> (v,K-2) ;  on k between: (v,k) -> (v,k-1)
    tensor u over hop k: (u,k) -> tensor node -> each reader, the first arc at its price
    order: (v,k-1) -> (v,k) and (v,k) -> (u,k) without capacity limit

A bottleneck on a hop fixes all that it replaces on one side, so that each (policy, bottleneck,
hop) is one cut, and the least of all is the answer. Limits are not part of a cut: forms,
bottlenecks and policies that pass one alone are left out beforehand, and when the least cut keeps
to all limits it is optimal; when not, its value is a lower bound and no plan is claimed. The
worst of several scenarios is no cut either, unless one of them is slowest on every hop.

Cost: one maximum flow by preflow-push on n·(K-1) layer nodes and as many tensor nodes.
"""

from collections.abc import Iterator

import networkx as nx
from networkx.algorithms.flow import preflow_push

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Through, build

Found = tuple[dict[int, int], Sent, Through | None]


class _Cut:
    """The network of one policy and bottleneck."""

    def __init__(self, tables: Tables, use: Through | None) -> None:
        self.tables, self.use = tables, use
        self.aim = tables.aims[0]
        gone = frozenset() if use is None else tables.replaced[use.after]
        self.layers = [v for v in range(1, tables.layers + 1) if v not in gone]
        self.low = 0 if use is None else use.hop + 1
        self.graph: nx.DiGraph[object] = nx.DiGraph()
        self.graph.add_nodes_from(["source", "sink"])

    def solve(self) -> Found | None:
        """The cheapest placement and forms, or None where some form is missing everywhere."""
        if self.low < self.tables.hops:
            for node in self.layers:
                self._layer(node)
            for tensor in self._tensors():
                self._tensor(tensor)
            _, (before, _) = nx.minimum_cut(self.graph, "source", "sink", flow_func=preflow_push)
        else:
            before = set()
        levels = {node: self._level(node, before) for node in self.layers}
        sent: Sent = {}
        for crossing in self.tables.needed(levels, self.use):
            form = self._cheapest(crossing)
            if form is None:
                return None
            sent[crossing] = form[0]
        return levels, sent, self.use

    def _hops(self) -> range:
        return range(self.low, self.tables.hops)

    def _tensors(self) -> list[int]:
        first = 0 if self.use is None else self.use.after
        return [first, *(v for v in self.layers if v != first)]

    def _level(self, node: int, before: set[object]) -> int:
        """Hops it is behind: those whose node is on the sink's side, from the first on."""
        return self.low + sum((node, hop) not in before for hop in self._hops())

    def _cheapest(self, crossing: tuple[int, int]) -> tuple[str, int] | None:
        forms = [(name, cost[self.aim]) for name, cost in self.tables.forms[crossing]]
        return min(forms, key=lambda form: form[1], default=None)

    def _pay(self, source: object, target: object, price: int) -> None:
        """Adds to what the arc costs when it is cut."""
        if self.graph.has_edge(source, target):
            price += self.graph.edges[source, target]["capacity"]
        self.graph.add_edge(source, target, capacity=price)

    def _layer(self, node: int) -> None:
        price = self.tables.run[node, :, self.aim].tolist()
        hops = self._hops()
        self._pay((node, hops[0]), "sink", price[self.low])
        self._pay("source", (node, hops[-1]), price[-1])
        for hop in hops[1:]:
            self._pay((node, hop), (node, hop - 1), price[hop])
            self.graph.add_edge((node, hop - 1), (node, hop))
        for source in self.tables.sources[node]:
            for hop in hops if (source, hops[0]) in self.graph else ():
                self.graph.add_edge((node, hop), (source, hop))

    def _tensor(self, node: int) -> None:
        readers = self.tables.readers[node]
        fixed = node == self._tensors()[0]
        for hop in self._hops():
            form = self._cheapest((node, hop))
            producer = "source" if fixed else (node, hop)
            if len(readers) == 1 and form is not None and not fixed:
                self._pay(producer, (readers[0], hop), form[1])
                continue
            tensor = ("tensor", node, hop)
            for reader in readers:
                self.graph.add_edge(tensor, (reader, hop))
            if readers and form is None:
                self.graph.add_edge(producer, tensor)
            elif readers and form is not None:
                self._pay(producer, tensor, form[1])


def cuts(tables: Tables, watch: Stopwatch) -> Iterator[Found]:
    """The least cut without a bottleneck, then with each on each hop, until time runs out."""
    uses: tuple[Through | None, ...] = (None, *tables.through)
    for use in uses:
        if watch.expired():
            return
        if use is not None and use.hop and not _reaches(tables, use):
            continue
        found = _Cut(tables, use).solve()
        if found is not None:
            yield found


def _reaches(tables: Tables, use: Through) -> bool:
    return all(tables.forms[0, hop] for hop in range(use.hop))


class MinimumCut:
    """Exact for chains and DAGs without binding limits; else a bound."""

    name = "mincut"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The least cut: the optimum where it keeps to the limits, a bound where not."""
        watch = Stopwatch(limits, report)
        bound: int | None = None
        best: tuple[int, SplitComputingPlan] | None = None
        for tables in build(problem):
            if len(tables.aims) > 1:
                detail = "the worst of several scenarios is no cut"
                return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
            for found in cuts(tables, watch):
                cost = tables.cost(*found)
                value = tables.value(cost)
                bound = value if bound is None else min(bound, value)
                if tables.allowed(cost) and (best is None or value < best[0]):
                    best = value, tables.plan(*found)
        if watch.expired():
            reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
            return Claim(self.name, reason, None if best is None else best[1])
        if bound is None:
            return Claim(self.name, Reason.INFEASIBLE)
        if best is None or best[0] > bound:
            detail = "the least cut passes a limit"
            plan = None if best is None else best[1]
            return Claim(self.name, Reason.HEURISTIC, plan, bound, detail=detail)
        return Claim(self.name, Reason.COMPLETED, best[1], best[0])
