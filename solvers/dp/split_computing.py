"""Exact dynamic program over (ideal, device): labels, dominance-pruned.

An *ideal* is a set of layers that holds all that its members depend on; on a chain the n + 1
prefixes, so that the states are those of the layer-by-device program. State (I, d): the layers of
I have run on devices up to d. A label is the vector of metrics paid so far. From it one may

    run a layer whose sources are in I on d                     -> (I + layer, d)
    send over hop d each tensor of I that is read outside I,
    in a form of choice                                         -> (I, d+1)
    at I = {}: encode, send through bottleneck b, decode        -> (all that b replaces, d+1)

A label is dropped when it passes a limit, or when another of its state is nowhere worse in the
metrics that count (all terms are at least 0, so neither can come good again). With one metric and
no limits on a chain this is a shortest path, Neurosurgeon's search (Kang et al., ASPLOS 2017);
with more it is the label-setting method of resource-constrained shortest paths (Desrochers and
Soumis, 1988); over ideals see Tarnawski et al. (NeurIPS 2020). Exact for every limit and for the
worst of several scenarios.

Cost O(ideals · K · width · W²) for W labels per state; a DAG of width w has up to (n/w + 1)^w
ideals, so that beyond _MOST_STATES the method steps back. One run per policy of gates.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import add, le

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Through, Vector
from solvers.tables.split_computing_build import build

# Some seconds of work and some ten MB of labels.
_MOST_STATES = 20_000


@dataclass(frozen=True)
class Label:
    """Metrics paid so far and the step that led here from another label."""

    cost: Vector
    before: "Label | None" = None
    ran: tuple[int, int] | None = None
    sent: tuple[tuple[tuple[int, int], str], ...] = ()
    use: Through | None = None


class TooWideError(Exception):
    """The DAG has too many ideals."""


class Labels:
    """The labels of one policy; an ideal is a mask with bit v - 1 for layer v."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.kept = tables.kept
        self.limit = self._kept(tables.limit)
        self.full = (1 << tables.layers) - 1
        self.states = 0
        self.waiting: list[dict[tuple[int, int], list[Label]]] = [
            {} for _ in range(tables.layers + 1)
        ]
        self._add(0, 0, Label(self._kept(tables.start)))
        self.sources = [self._mask(row) for row in tables.sources]
        self.readers = [self._mask(row) for row in tables.readers]

    def _kept(self, cost: Vector) -> Vector:
        return tuple(cost[m] for m in self.kept)

    def _mask(self, layers: Iterable[int]) -> int:
        return sum(1 << (v - 1) for v in layers if v > 0)

    def _add(self, ideal: int, device: int, label: Label) -> None:
        if all(map(le, label.cost, self.limit)):
            row = self.waiting[ideal.bit_count()]
            row.setdefault((ideal, device), []).append(label)

    def run(self, watch: Stopwatch) -> list[Label] | None:
        """The labels of whole plans, or None where time ran out. Raises TooWideError."""
        whole: list[Label] = []
        for row in self.waiting:
            for device in range(self.tables.hops + 1):
                for ideal in sorted(mask for mask, at in row if at == device):
                    self.states += 1
                    if self.states > _MOST_STATES:
                        raise TooWideError
                    if watch.expired():
                        return None
                    labels = undominated(row[ideal, device])
                    if ideal == self.full:
                        whole += labels
                    else:
                        self._grow(ideal, device, labels)
        return whole

    def _grow(self, ideal: int, device: int, labels: list[Label]) -> None:
        for v in range(1, self.tables.layers + 1):
            bit = 1 << (v - 1)
            if not ideal & bit and self.sources[v] & ideal == self.sources[v]:
                spent = self._kept(tuple(self.tables.run[v, device].tolist()))
                step = Label(spent, ran=(v, device))
                self._extend(labels, step, ideal | bit, device)
        if device < self.tables.hops:
            for sent in self._sendings(ideal, device):
                self._extend(labels, sent, ideal, device + 1)
        for use in self.tables.through if ideal == 0 else ():
            if use.hop == device:
                replaced = self._mask(self.tables.replaced[use.after])
                self._extend(labels, Label(self._kept(use.cost), use=use), replaced, device + 1)

    def _extend(self, labels: list[Label], step: Label, ideal: int, device: int) -> None:
        for label in labels:
            cost = tuple(map(add, label.cost, step.cost))
            self._add(ideal, device, replace(step, cost=cost, before=label))

    def _sendings(self, ideal: int, hop: int) -> list[Label]:
        """The undominated ways to send what is read outside an ideal."""
        ways = [Label(tuple(0 for _ in self.kept))]
        for u in range(self.tables.layers + 1):
            if (u == 0 or ideal >> (u - 1) & 1) and self.readers[u] & ~ideal:
                ways = undominated(
                    [
                        Label(
                            tuple(map(add, way.cost, self._kept(cost))),
                            sent=(*way.sent, ((u, hop), name)),
                        )
                        for way in ways
                        for name, cost in self.tables.forms[u, hop]
                    ]
                )
        return ways


def undominated(labels: list[Label]) -> list[Label]:
    """The labels that no other is at least as good as; of equal ones the first."""
    best: list[Label] = []
    for label in sorted(labels, key=lambda item: item.cost):
        if not any(all(map(le, other.cost, label.cost)) for other in best):
            best.append(label)
    return best


def trace(label: Label) -> tuple[dict[int, int], Sent, Through | None]:
    """Levels of the layers that run, crossings and the bottleneck behind a label."""
    levels: dict[int, int] = {}
    sent: Sent = {}
    use = None
    while label.before is not None:
        sent.update(label.sent)
        use = label.use or use
        if label.ran is not None:
            levels[label.ran[0]] = label.ran[1]
        label = label.before
    return levels, sent, use


class DynamicProgram:
    """The exact method of first choice for chains and narrow DAGs."""

    name = "dp"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        best: tuple[int, SplitComputingPlan] | None = None
        states = 0
        for tables in build(problem):
            labels = Labels(tables)
            try:
                whole = labels.run(watch)
            except TooWideError:
                detail = f"more than {_MOST_STATES} sets of layers that could run first"
                return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
            if whole is None:
                reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
                return Claim(self.name, reason, None if best is None else best[1])
            states += labels.states
            aims = [position for position, m in enumerate(tables.kept) if m in tables.aims]
            for label in whole:
                value = max(label.cost[m] for m in aims)
                if best is None or value < best[0]:
                    best = value, tables.plan(*trace(label))
        stats = {"states": states}
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, best[1], best[0], stats=stats)
