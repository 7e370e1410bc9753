"""Exact dynamic program on chains: labels over (tensor, device), dominance-pruned.

State (i, d): layers 1..i have run and tensor i is on device d. A label is the vector of metrics
paid so far. From a label one may

    run layer i+1 on d                        -> (i+1, d)
    send tensor i over hop d in form q        -> (i, d+1), while layers are left to run there
    encode at i = 0, send through b, decode   -> (after b, d+1)

A label is dropped when it passes a limit, or when another of its state is nowhere worse in the
metrics that count (all terms are at least 0, so neither can come good again). With one metric and
no limits this is a shortest path, Neurosurgeon's search (Kang et al., ASPLOS 2017) on a row; with
more it is the label-setting method of resource-constrained shortest paths (Desrochers and Soumis,
1988), exact for every limit and for the worst of several scenarios.

Cost O(n · K · Q · W²) for Q forms and W labels per state, the latter bounded by the number of
distinct vectors; one run per policy of gates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import add, le

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Through, Vector, build


@dataclass(frozen=True)
class _Label:
    """Metrics paid so far and the step that led here from another label."""

    cost: Vector
    node: int
    device: int
    before: "_Label | None" = None
    form: str | None = None
    use: Through | None = None


class _Labels:
    """The labels of one policy, state by state."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.kept = tables.kept
        self.limit = self._kept(tables.limit)
        self.count = 0
        size = (tables.layers + 1, tables.hops + 1)
        self.at: list[list[list[_Label]]] = [[[] for _ in range(size[1])] for _ in range(size[0])]
        self.at[0][0].append(_Label(self._kept(tables.start), 0, 0))

    def _kept(self, cost: Vector) -> Vector:
        return tuple(cost[m] for m in self.kept)

    def run(self, watch: Stopwatch) -> list[_Label] | None:
        """The labels of whole plans, or None where time ran out."""
        for node, row in enumerate(self.at):
            for device, labels in enumerate(row):
                if watch.expired():
                    return None
                row[device] = undominated(labels)
                self.count += len(row[device])
                for label in row[device]:
                    for grown in self._steps(label, node, device):
                        if all(map(le, grown.cost, self.limit)):
                            self.at[grown.node][grown.device].append(grown)
        return [label for labels in self.at[-1] for label in labels]

    def _steps(self, label: _Label, node: int, device: int) -> Iterator[_Label]:
        tables = self.tables
        if node < tables.layers:
            spent = self._kept(tuple(tables.run[node + 1, device].tolist()))
            yield self._grown(label, spent, node + 1, device)
        if node < tables.layers and device < tables.hops:
            for name, cost in tables.forms[node, device]:
                yield self._grown(label, self._kept(cost), node, device + 1, form=name)
        if node == 0:
            for use in tables.through:
                if use.hop == device:
                    yield self._grown(label, self._kept(use.cost), use.after, device + 1, use=use)

    def _grown(
        self,
        label: _Label,
        spent: Vector,
        node: int,
        device: int,
        form: str | None = None,
        use: Through | None = None,
    ) -> _Label:
        return _Label(tuple(map(add, label.cost, spent)), node, device, label, form, use)


def undominated(labels: list[_Label]) -> list[_Label]:
    """The labels that no other is at least as good as; of equal ones the first."""
    best: list[_Label] = []
    for label in sorted(labels, key=lambda item: item.cost):
        if not any(all(map(le, other.cost, label.cost)) for other in best):
            best.append(label)
    return best


def trace(label: _Label) -> tuple[dict[int, int], Sent, Through | None]:
    """Levels of the layers that run, crossings and the bottleneck behind a label."""
    levels: dict[int, int] = {}
    sent: Sent = {}
    use = None
    while label.before is not None:
        if label.use is not None:
            use = label.use
        elif label.form is not None:
            sent[label.node, label.device - 1] = label.form
        else:
            levels[label.node] = label.device
        label = label.before
    return levels, sent, use


class DynamicProgram:
    """The exact method of first choice for chains."""

    name = "dp"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The optimum, or proof that there is no plan."""
        if not problem.model.is_chain:
            return Claim(self.name, Reason.UNSUPPORTED, detail="the model is not a chain")
        watch = Stopwatch(limits, report)
        best: tuple[int, SplitComputingPlan] | None = None
        count = 0
        for tables in build(problem):
            labels = _Labels(tables)
            whole = labels.run(watch)
            if whole is None:
                reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
                return Claim(self.name, reason, None if best is None else best[1])
            count += labels.count
            aims = [position for position, m in enumerate(tables.kept) if m in tables.aims]
            for label in whole:
                value = max(label.cost[m] for m in aims)
                if best is None or value < best[0]:
                    best = value, tables.plan(*trace(label))
        stats = {"labels": count}
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, best[1], best[0], stats=stats)
