"""Published planners and hand-made splits for pipelines; the benchmark's baselines.

Each proposes a plan as its authors would and never returns one that breaks a rule: where its
proposal does, the claim has no plan and says what is in the way. All are deterministic.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from fractions import Fraction

from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress
from solvers.heuristic.pipeline_partition_edgeshard import least_latency, least_period
from solvers.heuristic.pipeline_partition_ordered import bottleneck_splits
from solvers.heuristic.pipeline_partition_shares import (
    by_speed,
    fewer_from_the_end,
    line_up,
    running_sums,
    stages,
)
from solvers.tables.pipeline_partition import Columns, Tables, build


class _Baseline(ABC):
    """A method that proposes one plan."""

    name: str

    @abstractmethod
    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """Stages that may break a rule, or None where the method ends without any."""

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The proposal if it breaks no rule, else no plan and the obstacle as detail."""
        tables = build(problem)
        proposal = self.propose(problem, tables)
        if proposal is None:
            return Claim(self.name, Reason.HEURISTIC, detail="no split that it looks at fits")
        if tables.evaluate(proposal) is None:
            return Claim(self.name, Reason.HEURISTIC, detail=_obstacle(tables, proposal))
        return Claim(self.name, Reason.HEURISTIC, tables.plan(proposal))


def _obstacle(tables: Tables, proposal: Columns) -> str:
    for device, start, stop in proposal:
        if stop > tables.fits[device, start]:
            return f"layers {start} to {stop - 1} do not fit on {tables.names[device]}"
    if tables.times(proposal)[0] >= UNREACHABLE:
        return "its plan needs a link that is not there"
    if tables.use_all and len(proposal) < tables.devices:
        return "its plan leaves devices unused, and all have to take part"
    return "its plan does not keep to the source device or the device order"


def _cheapest(tables: Tables, proposals: Iterable[Columns | None]) -> Columns | None:
    """The proposal of least objective; where all break a rule, the first of them."""
    known = [proposal for proposal in proposals if proposal is not None]
    values = [tables.evaluate(proposal) for proposal in known]
    ranked = sorted(
        range(len(known)),
        key=lambda index: (values[index] is None, values[index] or 0),
    )
    return known[ranked[0]] if ranked else None


def _first_accepted(tables: Tables, proposals: Iterable[Columns]) -> Columns | None:
    """The first proposal that breaks no rule; where all do, the first of them."""
    known = list(proposals)
    accepted = (proposal for proposal in known if tables.evaluate(proposal) is not None)
    return next(accepted, known[0] if known else None)


class EdgeShard(_Baseline):
    """EdgeShard (Zhang et al., 2024, §IV): Algorithm 1 for latency, 2 for throughput.

    For the makespan, on which the paper is silent, the better of the two. The algorithms are in
    pipeline_partition_edgeshard.py, with the limit above which the second one leaves devices out.
    """

    name = "edgeshard"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The plan of the algorithm for the objective at hand."""
        plans = []
        if tables.latency_weight:
            plans.append(least_latency(tables))
        if tables.period_weight:
            plans.append(least_period(tables))
        return _cheapest(tables, plans)


class PipeDream(_Baseline):
    """PipeDream (Narayanan et al., SOSP 2019, §3.1) without replicated stages.

    Its recurrence assumes equal workers and overlaps transfers with work; unequal devices are
    sorted by speed, fastest first, and the number of them that take part is the best by the actual
    objective. A transfer counts once: inference sends activations and no gradients.
    """

    name = "pipedream"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The best of the least-bottleneck splits over the first n devices, n = 1..D."""
        line = line_up(tables, by_speed(tables))
        return _cheapest(tables, bottleneck_splits(tables, line, overlap=True))


class JupiterOrder(_Baseline):
    """Jupiter's layer partition (Ye et al., 2025, §IV): a given device order, all devices in use.

        A(1→y, D_n) = min over l of  max{ A(1→l, D_{n-1}), Σ t_comp + T_comm }

    The bottleneck is minimised whatever the objective; the transfer into a device counts to its
    load, so that nothing overlaps. The order is the problem's device order, or else the devices
    as listed with the source first.
    """

    name = "jupiter-order"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The least-bottleneck split over all devices."""
        line = line_up(tables, range(tables.devices))
        splits = bottleneck_splits(tables, line, overlap=False)
        return splits[-1] if splits and len(splits[-1]) == len(line) else None


class SpeedWeighted(_Baseline):
    """Layers in proportion to speed, 1 / time of the whole model, in the order listed.

    What users of llama.cpp do by hand with --tensor-split and measured speeds. Where the split
    breaks a rule, the last device is left out, and so on.
    """

    name = "speed-weighted"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The first proportional split that breaks no rule."""
        line = line_up(tables, range(tables.devices))
        # A device that needs no time at all counts as one that needs a nanosecond.
        speeds = [Fraction(1, max(1, int(tables.prefix[device, -1]))) for device in line]
        return _first_accepted(tables, fewer_from_the_end(tables.layers, line, speeds))


class MemoryWeighted(_Baseline):
    """exo's ring partitioning (RingMemoryWeightedPartitioningStrategy, exo-explore/exo).

    Devices by memory, largest first (equal ones by name, last first), layers in proportion to
    memory; running shares are rounded to 5 places and cut down to whole layers, as in
    map_partitions_to_shards. The source device, of which exo knows nothing, is put first.
    """

    name = "memory-weighted"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The one split that exo makes."""
        devices = problem.devices
        ranked = sorted(
            range(len(devices)),
            key=lambda index: (devices[index].memory_bytes, devices[index].name),
            reverse=True,
        )
        line = line_up(tables, ranked)
        memory = [devices[index].memory_bytes for index in line]
        if sum(memory) == 0:
            return None
        return stages(line, running_sums(tables.layers, memory))


class EvenSplit(_Baseline):
    """Equal layer counts over the devices as listed, source first, larger counts in front.

    The default of pipeline runtimes (GPipe, Huang et al., NeurIPS 2019, and torch's, by number of
    layers). Where the split breaks a rule, the last device is left out, and so on.
    """

    name = "even-split"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The first even split that breaks no rule."""
        line = line_up(tables, range(tables.devices))
        equal = [Fraction(1)] * len(line)
        return _first_accepted(tables, fewer_from_the_end(tables.layers, line, equal))


class BestSingleDevice(_Baseline):
    """The whole model on one device: what edge deployments without a planner do."""

    name = "best-single-device"

    def propose(self, problem: PipelinePartitionProblem, tables: Tables) -> Columns | None:
        """The cheapest device that may hold every layer."""
        whole = (((device, 0, tables.layers),) for device in range(tables.devices))
        return _cheapest(tables, whole)
