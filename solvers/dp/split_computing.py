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

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from operator import add, le

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Through, Vector
from solvers.tables.split_computing_build import build

# Some seconds of work and some ten MB of labels.
_MOST_STATES = 20_000
# Between two bounds told.
_TELL_NS = 5 * 10**8


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
    """The labels of one policy; an ideal is a mask with bit v - 1 for layer v.

    below: only plans that cost less are wanted.
    """

    def __init__(self, tables: Tables, below: int | None = None) -> None:
        self.tables = tables
        self.kept = tables.kept
        self.aims = [position for position, m in enumerate(self.kept) if m in tables.aims]
        limit = list(self._kept(tables.limit))
        for position in self.aims if below is not None else ():
            limit[position] = min(limit[position], (below or 0) - 1)
        self.limit = tuple(limit)
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

    def value(self, label: Label) -> int:
        """What a label has paid of the objective."""
        return max(label.cost[position] for position in self.aims)

    def run(self, watch: Stopwatch, tell: Callable[[int], None]) -> list[Label] | None:
        """The labels of whole plans, or None where time ran out. Raises TooWideError.

        tell: called now and then with what no plan of this policy costs less than.
        """
        whole: list[Label] = []
        told_at = watch.left_ns()
        for size, row in enumerate(self.waiting):
            if told_at - watch.left_ns() > _TELL_NS:
                told_at = watch.left_ns()
                least = self._least(size)
                if least is not None:
                    tell(least)
            if not self._row(row, watch, whole):
                return None
        return whole

    def _row(
        self, row: dict[tuple[int, int], list[Label]], watch: Stopwatch, whole: list[Label]
    ) -> bool:
        """Grows the labels of all ideals of one size; False where time ran out."""
        for device in range(self.tables.hops + 1):
            for ideal in sorted(mask for mask, at in row if at == device):
                self.states += 1
                if self.states > _MOST_STATES:
                    raise TooWideError
                if watch.expired():
                    return False
                labels = undominated(row[ideal, device])
                if ideal == self.full:
                    whole += labels
                else:
                    self._grow(ideal, device, labels)
        return True

    def _least(self, size: int) -> int | None:
        """The least paid by labels of `size` layers or more, one of which every plan passes."""
        rows = (labels for row in self.waiting[size:] for labels in row.values())
        return min((self.value(label) for labels in rows for label in labels), default=None)

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
        report = report or Progress()
        best: tuple[int, SplitComputingPlan] | None = None
        states = 0
        policies = list(build(problem))
        for number, tables in enumerate(policies, start=1):
            labels = Labels(tables, None if best is None else best[0])
            last = number == len(policies)
            try:
                whole = labels.run(watch, _least_with(report, best, last=last))
            except TooWideError:
                detail = f"more than {_MOST_STATES} sets of layers that could run first"
                return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
            if whole is None:
                reason = watch.why()
                return Claim(self.name, reason, None if best is None else best[1])
            states += labels.states
            if whole:
                label = min(whole, key=labels.value)
                best = labels.value(label), tables.plan(*trace(label))
                report.plan(best[1])
        stats = {"states": states}
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, best[1], best[0], stats=stats)


def _least_with(
    report: Progress[SplitComputingPlan],
    best: tuple[int, SplitComputingPlan] | None,
    *,
    last: bool,
) -> Callable[[int], None]:
    """Tells bounds of the whole problem: the last policy's, or the best of those before it."""

    def tell(bound: int) -> None:
        if last:
            report.bound(bound if best is None else min(bound, best[0]))

    return tell
