"""Pipelines by CP-SAT, in whole numbers, which a completed search's bound is read as.

The model is in solvers/cpsat/pipeline_partition_model.py.
"""

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.base import Progress, Stopwatch
from solvers.cpsat.pipeline_partition_model import CircuitModel
from solvers.tables.pipeline_partition import build
from solvers.tables.pipeline_partition_model import (
    in_common_unit,
    largest_sum,
    starting_stages,
)


class ConstraintProgram:
    """Exact, with bounds; unrelated to the dynamic program, which it confirms."""

    name = "cpsat"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The optimum, or proof that there is no plan; UNSUPPORTED beyond 64-bit integers."""
        watch = Stopwatch(limits, report)
        listener = report or Progress()
        tables, unit = in_common_unit(build(problem))
        largest = largest_sum(tables)
        if largest > cpsat.LARGEST:
            detail = f"sums of up to {largest} x {unit} ns do not fit into 64-bit integers"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        program = CircuitModel(tables)
        known = starting_stages(tables, hint)
        if known is not None:
            program.start_from(known)
        answer = cpsat.solve(
            program.model,
            program.watched,
            watch,
            limits.seed,
            found=lambda values: listener.plan(tables.plan(program.stages(values))),
            bounded=lambda bound: listener.bound(bound * unit),
        )
        return Claim(
            self.name,
            answer.reason,
            None if answer.values is None else tables.plan(program.stages(answer.values)),
            None if answer.lower_bound is None else answer.lower_bound * unit,
            answer.detail,
            {"runs": len(program.runs), **answer.stats},
        )
