"""Stages and chunks together: best-first over layer plans, labels over chunks.

Layer plans come in the order of a bound that holds for any chunks; for each one that could still
be best the chunks are found by a dynamic program over token positions, whose state is when each
machine is free (Pareto labels), pruned by what is known. Both parts are exact, whether or not the
time factorises. Worst case exponential in the stages; seconds up to 80 layers on 4 devices.
"""

from dataclasses import dataclass, replace

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.dp.sequence_pipeline_search import Node, Queue, Space
from solvers.tables.sequence_pipeline import Chunks, Columns, Ints, Tables, build
from solvers.tables.sequence_pipeline_chunks import best_path, completion, good_path, lower_bound

# Until labels have something to be pruned by; then now and then, for a better plan.
_QUICK_TRIES = 16
_CAPS = 16


@dataclass(frozen=True, eq=False)
class _Leaf:
    """A layer plan that is whole, with what its machines take."""

    node: Node
    machines: Ints
    rest: Ints
    decoding: int


class DynamicProgram:
    """Exact, with bounds on the way."""

    name = "dp"

    def solve(
        self,
        problem: Problem,
        limits: Limits,
        hint: Plan | None = None,
        report: Progress[Plan] | None = None,
    ) -> Claim[Plan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.coarse:
            detail = "too many places where a chunk may end; raise chunk_step"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        search = _Search(tables, watch, report or Progress())
        search.start_from(hint)
        return search.run(self.name)


class _Search:
    """The queue, and the best plan so far."""

    def __init__(self, tables: Tables, watch: Stopwatch, report: Progress[Plan]) -> None:
        self.tables, self.watch, self.report = tables, watch, report
        self.upper = UNREACHABLE
        self.best: tuple[Columns, Chunks] | None = None
        self.queue = Queue()
        self.leaves: dict[Columns, _Leaf] = {}
        self.looked_at = self.tried = 0

    def start_from(self, hint: Plan | None) -> None:
        """Take a hint that keeps to all rules as the plan to beat."""
        known = None if hint is None else self.tables.columns(hint)
        value = None if known is None else self.tables.evaluate(*known)
        if known is not None and value is not None:
            self.upper, self.best = value, known

    def run(self, name: str) -> Claim[Plan]:
        """Until no node can beat the best plan, or time is up."""
        space = Space(self.tables)
        self.queue.push(space.root())
        bound = 0
        node: Node | None = None
        while not self.watch.expired():
            node = self.queue.pop()
            if node is None or node.bound >= self.upper:
                return self._done(name)
            if node.bound > bound:
                bound = node.bound
                self.report.bound(bound)
            leaf = self.leaves.pop(node.stages, None)
            if leaf is not None:
                self._settle(leaf)
            elif node.stages and node.stages[-1][2] == self.tables.layers:
                self._measure(node)
            else:
                self.looked_at += 1
                for child in space.children(node):
                    if child.bound < self.upper:
                        self.queue.push(child)
        return self._stopped(name, bound)

    def _measure(self, node: Node) -> None:
        """Queue a whole plan once more, by the bound of its own machines."""
        machines = self.tables.machines(node.stages)
        if machines is None:
            return
        rest = completion(self.tables, machines)
        prefill = lower_bound(self.tables, machines, rest)
        if prefill >= UNREACHABLE:
            return
        decoding = self.tables.decoding_ns(node.latency, node.period)
        bound = max(node.bound, prefill + decoding)
        if bound < self.upper:
            node = replace(node, bound=bound)
            self.leaves[node.stages] = _Leaf(node, machines, rest, decoding)
            self.queue.push(node)

    def _settle(self, leaf: _Leaf) -> None:
        """The best chunks of a layer plan, where they beat the best plan so far."""
        self.tried += 1
        if self.tried <= _QUICK_TRIES:
            self._keep(leaf, good_path(self.tables, leaf.machines, self.watch, _CAPS))
        upper = self.upper - leaf.decoding
        self._keep(leaf, best_path(self.tables, leaf.machines, leaf.rest, upper, self.watch))
        if self.watch.expired():  # its bound stands: it may not be settled
            self.queue.push(leaf.node)

    def _keep(self, leaf: _Leaf, found: tuple[int, Chunks] | None) -> None:
        if found is not None and found[0] + leaf.decoding < self.upper:
            self.upper = found[0] + leaf.decoding
            self.best = leaf.node.stages, found[1]
            self.report.plan(self.tables.plan(*self.best))

    def _plan(self) -> Plan | None:
        return None if self.best is None else self.tables.plan(*self.best)

    def _stats(self) -> dict[str, int | float | str]:
        return {"layer plans begun": self.looked_at, "layer plans settled": self.tried}

    def _done(self, name: str) -> Claim[Plan]:
        if self.best is None:
            return Claim(name, Reason.INFEASIBLE, stats=self._stats())
        return Claim(name, Reason.COMPLETED, self._plan(), self.upper, stats=self._stats())

    def _stopped(self, name: str, bound: int) -> Claim[Plan]:
        reason = self.watch.why()
        return Claim(name, reason, self._plan(), bound or None, stats=self._stats())
