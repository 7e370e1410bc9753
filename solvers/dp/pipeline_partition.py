"""Exact dynamic program over sets of devices, for all three objectives.

State (used, u, i): layers i..L-1 run on exactly the multiset `used` of device types, the first of
these stages on type u. Its value is the least cost of that suffix:

    V[used + w, w, j] = min over u, i > j of  V[used, u, i] + send(w, u, cut i) + time(w, j..i-1)

for the latency, and the same with the maximum in place of + for the throughput; where sending and
computing do not overlap, send + time is one term of that maximum. Stages are added from the end
of the chain, so that the sender of a transfer is the stage being added and a return hop is known
at the start. Objectives with both a sum and a maximum (the makespan of M units; migration beside
throughput) come from sums under a threshold on the period
(solvers/dp/pipeline_partition_search.py).

Two reductions keep the table small and exact (solvers/tables/pipeline_partition_space.py):
- interchangeable devices are one type with a count (PipeEdge, Hu et al. 2022): Π(count + 1)
  multisets instead of 2^D;
- types that every sender reaches at equal cost share one receiving *port*: on a plain switch u
  drops out of the state. Cuts stay apart, so unequal cut sizes are exact.

With a given order the multiset is not needed: each device comes before the one added last, and
the same recurrence runs over (u, i) alone.

Cost O(Π(c_t + 1) · W · L · (window + ports)) time for W types, window = layers that fit on one
device; memory O(Π(c_t + 1) · ports · L). Large tables are cut by a Lagrangian relaxation of the
counts (solvers/tables/pipeline_partition_relaxation.py): a beam of the most promising multisets
gives a plan, and the recurrence without what cannot beat it proves or improves it.
"""

import math

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.dp.pipeline_partition_program import OutOfTimeError
from solvers.dp.pipeline_partition_search import Search, Standing
from solvers.tables.pipeline_partition import build
from solvers.tables.pipeline_partition_model import starting_stages
from solvers.tables.pipeline_partition_space import Space, build_space

# Codes of multisets are 64-bit integers.
_MOST_CODES = 2**62


class DynamicProgram:
    """The exact method of first choice for pipelines."""

    name = "dp"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The optimum, or proof that there is no plan; when stopped, what was found by then."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        multisets = math.prod(len(members) + 1 for members in tables.classes)
        if tables.order is None and multisets > _MOST_CODES:
            detail = f"{len(tables.classes)} types of devices have too many multisets to number"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        space = build_space(tables)
        standing = Standing(tables, report or Progress(), starting_stages(tables, hint))
        search = Search(space, watch, standing)
        try:
            found = search.least()
        except OutOfTimeError:
            reason = watch.why()
            plan = None if standing.stages is None else tables.plan(standing.stages)
            return Claim(self.name, reason, plan, standing.bound, stats=_stats(space, search))
        stats = _stats(space, search)
        if found is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        value, stages = found
        return Claim(self.name, Reason.COMPLETED, tables.plan(stages), value, stats=stats)


def _stats(space: Space, search: Search) -> dict[str, int]:
    """What a full table would hold, and the multisets that were kept of all that were filled."""
    return {"types": len(space.types), "states": space.states, "kept": search.kept}
