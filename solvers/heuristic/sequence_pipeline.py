"""Published planners of layers and chunks, one step after the other; the benchmark's baselines.

Each proposes a plan as its authors would and never returns one that breaks a rule: where its
proposal does, the claim has no plan and says so.
"""

from abc import ABC, abstractmethod
from fractions import Fraction
from itertools import pairwise

import numpy as np

from models.problems.pipeline_partition import PipelineObjective
from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.heuristic.pipeline_partition_edgeshard import least_latency, least_period
from solvers.heuristic.pipeline_partition_ordered import bottleneck_splits
from solvers.heuristic.pipeline_partition_shares import fewer_from_the_end, line_up
from solvers.heuristic.sequence_pipeline_pareto import lines, promising_splits
from solvers.tables.pipeline_partition import build as build_whole
from solvers.tables.sequence_pipeline import Chunks, Columns, Ints, Tables, build, makespan
from solvers.tables.sequence_pipeline_chunks import bottleneck, capped_paths, good_path
from solvers.tables.sequence_pipeline_whole import as_pipeline


class _Planner(ABC):
    """A method that proposes stages, then chunks for them."""

    name: str

    @abstractmethod
    def stages(self, tables: Tables) -> Columns | None:
        """Stages that may break a rule, or None where there are none."""

    @abstractmethod
    def chunks(self, tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
        """Chunks for these stages, or None where none of those looked at fit."""

    def solve(
        self,
        problem: Problem,
        limits: Limits,
        hint: Plan | None = None,
        report: Progress[Plan] | None = None,
    ) -> Claim[Plan]:
        """The proposal if it breaks no rule, else no plan and the obstacle as detail."""
        tables = build(problem)
        stages = self.stages(tables)
        if stages is None or not tables.allowed(stages):
            return Claim(self.name, Reason.HEURISTIC, detail="no layer plan that it looks at fits")
        machines = tables.machines(stages)
        if machines is None:
            return Claim(
                self.name, Reason.HEURISTIC, detail="its plan needs a link that is not there"
            )
        path = self.chunks(tables, stages, machines)
        if path is None or tables.evaluate(stages, path) is None:
            return Claim(self.name, Reason.HEURISTIC, detail="its plan does not fit into memory")
        return Claim(self.name, Reason.HEURISTIC, tables.plan(stages, path))


def _jupiter_stages(tables: Tables) -> Columns | None:
    """The least bottleneck of the whole prompt over all devices in their order."""
    whole = build_whole(as_pipeline(tables, PipelineObjective.THROUGHPUT))
    line = line_up(whole, range(whole.devices))
    splits = bottleneck_splits(whole, line, overlap=False)
    return splits[-1] if splits and len(splits[-1]) == len(line) else None


# All that 31 boundaries make; above it evenly spread ones, as TeraPipe leaves small steps out.
_MOST_CAPS = 500


def _terapipe_chunks(tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
    """The chunks of least Σ t + (D - 1) max t, t being the time on the slowest stage."""
    slowest = machines[bottleneck(machines)]

    def formula(path: Chunks) -> int:
        times = slowest[list(path)]
        return int(times.sum()) + (len(stages) - 1) * int(times.max())

    return min(capped_paths(tables, slowest, slowest, _MOST_CAPS), key=formula, default=None)


def even_chunks(tables: Tables, count: int) -> Chunks | None:
    """As many chunks as equal as boundaries allow, None where some would be too short."""
    ideal = np.linspace(0, tables.problem.prompt_tokens, count + 1)
    ends = [int(np.abs(tables.position - tokens).argmin()) for tokens in ideal]
    path = tuple(int(tables.arc[a, b]) for a, b in pairwise(ends))
    return path if min(path) >= 0 else None


def _fewest_even_chunks(tables: Tables, machines: Ints) -> Chunks | None:
    """One chunk, or where that has no room as few as have."""
    for count in range(1, len(tables.position)):
        path = even_chunks(tables, count)
        if path is None:
            return None
        if int(machines[0, list(path)].max()) < UNREACHABLE:
            return path
    return None


class Jupiter(_Planner):
    """Jupiter's planner (Ye et al., 2025, §IV): the layers first, then the chunks.

        A(1→y, D_n) = min over l of  max{ A(1→l, D_{n-1}), Σ t_comp + T_comm }

    on the devices in their order, all in use, with the times of the whole prompt; then TeraPipe's
    dynamic program for the least Σ t + (D - 1) max t with the slowest stage's times.
    """

    name = "jupiter"

    def stages(self, tables: Tables) -> Columns | None:
        """The least bottleneck over all devices."""
        return _jupiter_stages(tables)

    def chunks(self, tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
        """The least value of the closed formula."""
        return _terapipe_chunks(tables, stages, machines)


class TeraPipe(_Planner):
    """TeraPipe (Li et al., ICML 2021, §3.3): equal layer counts, chunks by its program."""

    name = "terapipe"

    def stages(self, tables: Tables) -> Columns | None:
        """As many layers on each device, fewer devices where these have no layer."""
        whole = build_whole(as_pipeline(tables, PipelineObjective.THROUGHPUT))
        line = line_up(whole, range(whole.devices))
        splits = fewer_from_the_end(whole.layers, line, [Fraction(1)] * len(line))
        return next((s for s in splits if whole.evaluate(s) is not None), None)

    def chunks(self, tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
        """The least value of the closed formula."""
        return _terapipe_chunks(tables, stages, machines)


class EvenChunks(_Planner):
    """Jupiter's layers, and as many equal chunks as stages ."""

    name = "even-chunks"

    def stages(self, tables: Tables) -> Columns | None:
        """The least bottleneck over all devices."""
        return _jupiter_stages(tables)

    def chunks(self, tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
        """One per stage, or as many as the shortest chunk allows."""
        found = (even_chunks(tables, count) for count in range(len(stages), 0, -1))
        return next((path for path in found if path is not None), None)


class EdgeShardThroughput(_Planner):
    """EdgeShard's partition for throughput (Zhang et al., 2024, Algorithm 2); no chunks."""

    name = "edgeshard-throughput"

    def stages(self, tables: Tables) -> Columns | None:
        """The least bottleneck over subsets of the devices in any order."""
        return least_period(build_whole(as_pipeline(tables, PipelineObjective.THROUGHPUT)))

    def chunks(self, tables: Tables, stages: Columns, machines: Ints) -> Chunks | None:
        """The prompt at once, or in as few chunks as there is memory for."""
        return _fewest_even_chunks(tables, machines)


class EdgeShardLatency(EdgeShardThroughput):
    """EdgeShard's partition for latency (Zhang et al., 2024, Algorithm 1); no chunks."""

    name = "edgeshard-latency"

    def stages(self, tables: Tables) -> Columns | None:
        """The path of least time, memory carried along."""
        return least_latency(build_whole(as_pipeline(tables, PipelineObjective.LATENCY)))


class Pareto:
    """Every layer plan that is best in sum and maximum, with the best chunks for each.

    The layer plans of the whole prompt on the Pareto front of (sum, maximum), for each of some
    orders of devices, times the chunks of capped sums, ranked by the recursion of the flow shop.
    Where the time factorises, the least value of the closed formula is among them.
    """

    name = "pareto"

    def solve(
        self,
        problem: Problem,
        limits: Limits,
        hint: Plan | None = None,
        report: Progress[Plan] | None = None,
    ) -> Claim[Plan]:
        """The plan that ranks first."""
        watch, tables = Stopwatch(limits, report), build(problem)
        whole = build_whole(as_pipeline(tables, PipelineObjective.THROUGHPUT))
        best: tuple[int, Columns, Chunks] | None = None
        for line in lines(whole):
            for stages in promising_splits(whole, line):
                if watch.expired():
                    break
                ranked = _ranked(tables, stages, watch)
                if ranked is not None and (best is None or ranked < best):
                    best = ranked
        reason = watch.reason(Reason.HEURISTIC)
        if best is None:
            return Claim(self.name, reason, detail="no layer plan that it looks at fits")
        return Claim(self.name, reason, tables.plan(*best[1:]))


_CAPS = 64


def _ranked(
    tables: Tables, stages: Columns, watch: Stopwatch
) -> tuple[int, Columns, Chunks] | None:
    """A layer plan with its best chunks, the objective first; None where a rule breaks."""
    machines = tables.machines(stages) if tables.allowed(stages) else None
    times = tables.pass_times(stages)
    if machines is None or times is None:
        return None
    found = good_path(tables, machines, watch, _CAPS)
    if found is None:
        return None
    return makespan(machines, found[1]) + tables.decoding_ns(*times), stages, found[1]
