"""Integer program of a pipeline, stated in Pyomo and solved by HiGHS.

The model is in solvers/milp/pipeline_partition_model.py. HiGHS reckons in floating point, so the
bound that is claimed lies below its own by all that tolerances can hide: of small times nothing,
of 1e9 ns some tens of ns (solvers/backends/resolution.py). Then no optimum is claimed.
"""

import math

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.backends.pyomo_model import compiled
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Array
from solvers.milp.pipeline_partition_model import IntervalModel, Stage
from solvers.tables.pipeline_partition import Columns, Tables, build
from solvers.tables.pipeline_partition_model import (
    Routes,
    by_type,
    in_common_unit,
    routes,
    starting_stages,
)


class IntervalFlow:
    """Exact, with bounds; at its best where costs add up."""

    name = "milp"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The optimum, or proof that there is no plan; UNSUPPORTED beyond 53-bit integers."""
        watch, report = Stopwatch(limits, report), report or Progress()
        tables, unit = in_common_unit(build(problem))
        known = starting_stages(tables, hint)
        program = _program(tables, known)
        if program is None:
            return Claim(self.name, Reason.INFEASIBLE, detail="no stages can cover the chain")
        arrays = compiled(program.model)

        def plan(values: Array) -> PipelinePartitionPlan:
            return tables.plan(program.plan(arrays, values))

        answer = program_highs.solve(
            arrays.program,
            watch,
            limits.seed,
            None if known is None else program.point(arrays, known, tables.times(known)[1]),
            found=lambda values: report.plan(plan(values)),
            bounded=lambda bound: report.bound(unit * bound),
        )
        return Claim(
            self.name,
            answer.reason,
            None if answer.point is None else plan(answer.point),
            None if answer.bound is None else unit * answer.bound,
            answer.detail,
            {"columns": arrays.program.columns, "rows": arrays.program.rows, **answer.stats},
        )


def _program(tables: Tables, known: Columns | None) -> IntervalModel | None:
    """The model; None where no stage starts the chain, none stops it, or one that must is missing.

    known: the stages of a plan; columns that no plan as good can have are left out.
    """
    types = by_type(tables)
    allowed = routes(types.tables)
    stages = _columns(types.tables, allowed, _longest_useful(tables, known))
    starts = any(start == 0 for _, start, _ in stages)
    stops = any(stop == tables.layers for _, _, stop in stages)
    missing = len({kind for kind, _, _ in stages}) < len(types.members)
    if not starts or not stops or (tables.use_all and missing):
        return None
    return IntervalModel(types, stages, allowed)


def _columns(tables: Tables, allowed: Routes, longest: float) -> list[Stage]:
    """All (type, start, stop) that fit, keep to the rules on ends, and take at most `longest`."""
    found = []
    for d in range(tables.devices):
        for start in range(tables.layers):
            if not (allowed.first[d] if start == 0 else d != tables.source):
                continue
            for stop in range(start + 1, int(tables.fits[d, start]) + 1):
                if tables.compute(d, start, stop) > longest:
                    break
                if stop < tables.layers or allowed.last[d]:
                    found.append((d, start, stop))
    return found


def _longest_useful(tables: Tables, known: Columns | None) -> float:
    """No plan as good as the known one has a stage that takes longer.

    A plan costs at least latency_weight · Σ_l min_d time(d, l) and period_weight · the time of
    any of its stages.
    """
    value = None if known is None else tables.evaluate(known)
    if value is None or not tables.period_weight:
        return math.inf
    least = tables.latency_weight * int(tables.time.min(axis=0).sum())
    return (value - least) // tables.period_weight
