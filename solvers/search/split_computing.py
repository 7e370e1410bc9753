"""Minimum cuts: exact at once on chains and DAGs where no limit binds, else by branch and bound.

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
hop) is one cut, and the least of all is the answer. Limits and the worst of several scenarios are
no part of a cut; there the cut of each metric alone bounds it from below, and the search branches
on the side of a layer (Handler and Zang 1980 do so for constrained paths). Where all layers are
fixed, the forms are a small multiple-choice problem, solved by labels.

Cost per node: one maximum flow by push-relabel on n·(K-1) layer nodes and as many tensor nodes.
"""

import heapq
from operator import add, le

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.backends.minimum_cut import SINK, SOURCE, Network
from solvers.base import Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Through
from solvers.tables.split_computing_build import build

Found = tuple[dict[int, int], Sent, Through | None]
Ranges = dict[int, tuple[int, int]]
Node = tuple[Tables, Through | None, Ranges]


class Cut:
    """The network of one policy, bottleneck and metric, some layers confined to some levels."""

    def __init__(
        self, tables: Tables, use: Through | None, metric: int, ranges: Ranges | None = None
    ) -> None:
        self.tables, self.use, self.metric = tables, use, metric
        self.ranges = ranges or {}
        self.layers = layers_left(tables, use)
        self.present = frozenset(self.layers)
        self.low = 0 if use is None else use.hop + 1
        self.width = max(1, tables.hops - self.low)
        self.network = Network(2 + 2 * (tables.layers + 1) * self.width)

    def solve(self) -> Found | None:
        """The cheapest placement and forms, or None where a form that is needed does not exist."""
        before: set[int] | None = set()
        if self.low < self.tables.hops:
            for node in self.layers:
                self._layer(node)
            for node, (least, most) in self.ranges.items():
                self._confine(node, least, most)
            for tensor in self._tensors():
                self._tensor(tensor)
            before = self.network.source_side()
        if before is None:  # the levels that layers are confined to contradict
            return None
        levels = {node: self._level(node, before) for node in self.layers}
        sent: Sent = {}
        for crossing in self.tables.needed(levels, self.use):
            form = self._cheapest(crossing)
            if form is None:
                return None
            sent[crossing] = form[0]
        return levels, sent, self.use

    def _at(self, node: int, hop: int) -> int:
        """The network's node of a layer before a hop."""
        return 2 + node * self.width + hop - self.low

    def _tensor_at(self, node: int, hop: int) -> int:
        return self._at(node + self.tables.layers + 1, hop)

    def _hops(self) -> range:
        return range(self.low, self.tables.hops)

    def _tensors(self) -> list[int]:
        first = 0 if self.use is None else self.use.after
        return [first, *(v for v in self.layers if v != first)]

    def _level(self, node: int, before: set[int]) -> int:
        """Hops it is behind: those whose node is on the sink's side, from the first on."""
        return self.low + sum(self._at(node, hop) not in before for hop in self._hops())

    def _cheapest(self, crossing: tuple[int, int]) -> tuple[str, int] | None:
        forms = [(name, cost[self.metric]) for name, cost in self.tables.forms[crossing]]
        return min(forms, key=lambda form: form[1], default=None)

    def _layer(self, node: int) -> None:
        price = self.tables.run[node, :, self.metric].tolist()
        hops, pay, forbid = self._hops(), self.network.pay, self.network.forbid
        pay(self._at(node, hops[0]), SINK, price[self.low])
        pay(SOURCE, self._at(node, hops[-1]), price[-1])
        for hop in hops[1:]:
            pay(self._at(node, hop), self._at(node, hop - 1), price[hop])
            forbid(self._at(node, hop - 1), self._at(node, hop))
        for source in self.tables.sources[node]:
            for hop in hops if source in self.present else ():
                forbid(self._at(node, hop), self._at(source, hop))

    def _confine(self, node: int, least: int, most: int) -> None:
        for hop in self._hops():
            if hop < least:
                self.network.forbid(self._at(node, hop), SINK)
            if hop >= most:
                self.network.forbid(SOURCE, self._at(node, hop))

    def _tensor(self, node: int) -> None:
        readers = self.tables.readers[node]
        fixed = node == (0 if self.use is None else self.use.after)
        for hop in self._hops() if readers else ():
            form = self._cheapest((node, hop))
            producer = SOURCE if fixed else self._at(node, hop)
            if len(readers) == 1 and form is not None:
                self.network.pay(producer, self._at(readers[0], hop), form[1])
                continue
            tensor = self._tensor_at(node, hop)
            for reader in readers:
                self.network.forbid(tensor, self._at(reader, hop))
            if form is None:
                self.network.forbid(producer, tensor)
            else:
                self.network.pay(producer, tensor, form[1])


def layers_left(tables: Tables, use: Through | None) -> list[int]:
    """The layers that a bottleneck does not replace."""
    gone = frozenset() if use is None else tables.replaced[use.after]
    return [v for v in range(1, tables.layers + 1) if v not in gone]


class _Branching:
    """Best-first search over the levels of layers, for one policy and bottleneck at a time."""

    def __init__(self, watch: Stopwatch, report: Progress[SplitComputingPlan] | None) -> None:
        self.watch, self.report = watch, report or Progress()
        self.best: tuple[int, SplitComputingPlan] | None = None
        self.nodes = 0
        self.heap: list[tuple[int, int, Node]] = []

    @property
    def bound(self) -> int | None:
        """No plan costs less; None where no node is open and no plan was found."""
        values = [value for value, _, _ in self.heap[:1]]
        values += [] if self.best is None else [self.best[0]]
        return min(values, default=None)

    def push(self, node: Node) -> None:
        """Bounds a node, keeps its plan if it is a better one, and opens it if it may hold one."""
        self.nodes += 1
        tables, use, ranges = node
        found = [Cut(tables, use, m, ranges).solve() for m in tables.kept]
        value = 0
        for metric, item in zip(tables.kept, found, strict=True):
            if item is None:
                return
            least = tables.cost(*item)
            if least[metric] > tables.limit[metric]:
                return
            value = max(value, least[metric] if metric in tables.aims else 0)
        known = [item for item in found if item is not None]
        for item in known:
            self._keep(tables, *item)
        if self.best is None or value < self.best[0]:
            heapq.heappush(self.heap, (value, self.nodes, node))

    def _keep(
        self, tables: Tables, levels: dict[int, int], sent: Sent, use: Through | None
    ) -> None:
        cost = tables.cost(levels, sent, use)
        value = tables.value(cost)
        if tables.allowed(cost) and (self.best is None or value < self.best[0]):
            self.best = value, tables.plan(levels, sent, use)
            self.report.plan(self.best[1])

    def run(self) -> bool:
        """Searches until the best plan is proved; False where time ran out."""
        told = -1
        while self.heap and (self.best is None or self.heap[0][0] < self.best[0]):
            if self.watch.expired():
                return False
            if self.heap[0][0] > told:
                told = self.heap[0][0]
                self.report.bound(told)
            tables, use, ranges = heapq.heappop(self.heap)[2]
            low = 0 if use is None else use.hop + 1
            spans = {v: ranges.get(v, (low, tables.hops)) for v in layers_left(tables, use)}
            free = [v for v, (least, most) in spans.items() if least < most]
            if not free:
                self._forms(tables, use, {v: least for v, (least, _) in spans.items()})
                continue
            layer = free[len(free) // 2]
            least, most = spans[layer]
            middle = (least + most) // 2
            for span in ((least, middle), (middle + 1, most)):
                self.push((tables, use, {**ranges, layer: span}))
        return True

    def _forms(self, tables: Tables, use: Through | None, levels: dict[int, int]) -> None:
        """The best forms of a placement: labels crossing by crossing."""
        ways: list[tuple[tuple[int, ...], Sent]] = [(tables.cost(levels, {}, use), {})]
        for crossing in tables.needed(levels, use):
            grown = [
                (tuple(map(add, cost, price)), {**sent, crossing: name})
                for cost, sent in ways
                for name, price in tables.forms[crossing]
            ]
            grown.sort(key=lambda way: way[0])
            ways = []
            for cost, sent in grown:
                if not any(all(map(le, other, cost)) for other, _ in ways):
                    ways.append((cost, sent))
        for _, sent in ways:
            self._keep(tables, levels, sent, use)


class MinimumCut:
    """Exact for chains and DAGs; a single flow per bottleneck where no limit binds."""

    name = "mincut"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        search = _Branching(watch, report)
        for tables in build(problem):
            for use in (None, *tables.through):
                if watch.expired():
                    reason = watch.why()
                    return Claim(self.name, reason, search.best[1] if search.best else None)
                if use is None or all(tables.forms[0, hop] for hop in range(use.hop)):
                    search.push((tables, use, {}))
        complete = search.run()
        stats = {"cuts": search.nodes}
        plan = search.best[1] if search.best else None
        if not complete:
            reason = watch.why()
            return Claim(self.name, reason, plan, search.bound, stats=stats)
        if plan is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, plan, search.bound, stats=stats)
