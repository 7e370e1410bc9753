"""Placements without proof: Helix's baselines by name, and what people do by hand.

The baselines are those that Helix is measured against (Mei et al., ASPLOS 2025, §5.1, and the
heuristics of its artifact): Petals, Swarm and separate pipelines; each node holds one range.
"""

import numpy as np

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.serving_flow import Ints, Tables, build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_search import search
from solvers.tables.serving_flow_start import filled, single_pipeline


class _Heuristic:
    """What the methods below share: tables in, a claim out."""

    name: str

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """A plan, or none where nothing flows through it."""
        tables = build(problem)
        start, stop = self.ranges(tables)
        if tables.value(start, stop) == 0:
            return Claim(self.name, Reason.HEURISTIC, detail="nothing flows through its placement")
        return Claim(self.name, Reason.HEURISTIC, tables.plan(start, stop))

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """Start and stop per node."""
        raise NotImplementedError


class Petals(_Heuristic):
    """Nodes in turn hold all they can where least passes so far (Borzunov et al., NeurIPS 2023)."""

    name = "petals"

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """See the class."""
        return filled(tables, np.full((tables.nodes, 2), -1), tables.most)


class Swarm(_Heuristic):
    """Equal stages that the smallest node can hold; nodes join the weakest (Ryabinin et al. 2023).

    Nodes in descending order of their rate at the length of a stage.
    """

    name = "swarm"

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """See the class."""
        stages = min(-(-tables.layers // int(tables.most.min())), tables.layers)
        edges = np.arange(stages + 1) * tables.layers // stages
        rates = tables.rate[:, int(np.diff(edges).min()) - 1]
        passing = np.zeros(stages, dtype=np.int64)
        stage = np.zeros(tables.nodes, dtype=np.int64)
        for node in np.argsort(-rates, kind="stable").tolist():
            stage[node] = passing.argmin()
            passing[stage[node]] += rates[node]
        return edges[stage], edges[stage + 1]


class SeparatePipelines(_Heuristic):
    """Pipelines of nodes of one make each; makes that are too few follow Petals (Helix, "SP")."""

    name = "separate-pipelines"

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """See the class."""
        ranges = np.full((tables.nodes, 2), -1)
        makes: dict[tuple[int, ...], list[int]] = {}
        for node, row in enumerate(tables.rate.tolist()):
            makes.setdefault(tuple(row), []).append(node)
        for nodes in makes.values():
            needed = -(-tables.layers // int(tables.most[nodes[0]]))
            pipelines = len(nodes) // needed
            if pipelines == 0:
                continue
            size = min(len(nodes) // pipelines, tables.layers)
            edges = np.arange(size + 1) * tables.layers // size
            for number, node in enumerate(nodes[: pipelines * size]):
                ranges[node] = edges[number % size], edges[number % size + 1]
        return filled(tables, ranges, tables.most)


class Even(_Heuristic):
    """One pipeline in the order given, as equal as what nodes can hold allows."""

    name = "even"

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """See the class."""
        size = min(tables.nodes, tables.layers)
        edges = np.arange(size + 1) * tables.layers // size
        ranges = np.full((tables.nodes, 2), -1)
        at = 0
        for node in range(size):
            left = tables.layers - at
            held = min(max(int(edges[node + 1]) - at, 1), int(tables.most[node]), left)
            if held < 1:
                break
            ranges[node] = at, at + held
            at += held
        return filled(tables, ranges, tables.most)


class SinglePipeline(_Heuristic):
    """The one pipeline along links whose slowest node is the fastest; what is left fills up."""

    name = "single-pipeline"

    def ranges(self, tables: Tables) -> tuple[Ints, Ints]:
        """See the class."""
        return single_pipeline(tables)


class LocalSearch:
    """Annealing over ranges of single nodes, from the best of a hint and the methods above."""

    name = "local-search"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The best plan met, or none where nothing flows through any start."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        best = Best(tables, report)
        given = tables.ranges(hint)
        if given is not None:
            best.take(*given)
        for method in (SinglePipeline(), SeparatePipelines(), Swarm(), Petals(), Even()):
            best.take(*method.ranges(tables))
        if best.plan is None:
            return Claim(self.name, Reason.HEURISTIC, detail="nothing flows through any start")
        steps = search(best, watch, limits.seed)
        return Claim(self.name, Reason.HEURISTIC, best.plan, stats={"steps": steps})
