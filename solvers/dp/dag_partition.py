"""Exact dynamic program over downward-closed sets.

The recurrence is that of Tarnawski et al. (NeurIPS 2020, §5.1), stated in
solvers/tables/dag_partition_chain.py, where a ceiling on the load keeps the table small. The
ceiling is one less than the best partition along three linear orders: the table holds a better
plan or proves that there is none. Where no order gives a plan (memory is tight), the ceiling
rises from a device's share by quarters until a plan is found, which then is best.

Time O(Σ pairs of ideals in neighbouring windows x boundary), memory O(ideals x (groups + nets)).
Graphs with wide parallel branches have too many ideals: above the cap the method declines, and
`linearised-dp` gives a plan without proof. In the free form every set of groups is
downward-closed, so that only small graphs are within the cap.
"""

from dataclasses import asdict

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.dag_partition import Ints, Tables, build
from solvers.tables.dag_partition_chain import least
from solvers.tables.dag_partition_ideals import (
    OutOfTimeError,
    TooManyIdealsError,
    all_ideals,
    build_ideals,
)
from solvers.tables.dag_partition_linear import best_along, depth_first, most, narrow

# What the ideals may number; the published code stops at 60,000 and keeps all pairs.
_MOST_IDEALS = 300_000
# Per ideal and group (a truth value), and per net (a code, and as much while it is built).
_BYTES_PER_GROUP, _BYTES_PER_NET = 4, 12


class DynamicProgram:
    """The exact method of first choice for contiguous partitions."""

    name = "dp"

    def solve(
        self,
        problem: DagPartitionProblem,
        limits: Limits,
        hint: DagPartitionPlan | None = None,
        report: Progress[DagPartitionPlan] | None = None,
    ) -> Claim[DagPartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        cap = _cap(tables, limits)
        try:
            start = best_along(tables, _orders(tables), watch)
            if start is not None and report is not None:
                report.plan(tables.plan(start[1]))
            held = all_ideals(tables, cap, watch)
            limit = most(tables) if start is None else start[0] - 1
            ideals = build_ideals(tables, held)
            found, figures = least(ideals, limit, watch, None if start is None else limit)
        except TooManyIdealsError:
            detail = (
                f"over {cap:,} downward-closed sets; 'linearised-dp' gives a plan without proof"
            )
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        except OutOfTimeError:
            return Claim(self.name, watch.why())
        stats = {"groups": tables.groups, "ideals": len(held), **asdict(figures)}
        best = found or start
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, tables.plan(best[1]), best[0], stats=stats)


def _orders(tables: Tables) -> list[Ints]:
    return [narrow(tables), depth_first(tables), depth_first(tables, backwards=True)]


def _cap(tables: Tables, limits: Limits) -> int:
    """How many ideals fit into half of the memory, the other half being for pairs of them."""
    per_ideal = _BYTES_PER_GROUP * tables.groups + _BYTES_PER_NET * len(tables.nets)
    devices = (tables.accelerators + 1) * (tables.cpus + 1)
    return min(_MOST_IDEALS, limits.memory_limit_bytes // 2 // (per_ideal + 8 * devices))
