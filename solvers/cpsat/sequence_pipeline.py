"""Stages and chunks by CP-SAT, in whole numbers; unrelated to the dynamic program.

The model is in solvers/cpsat/sequence_pipeline_model.py.
"""

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.base import Progress, Stopwatch
from solvers.cpsat.sequence_pipeline_model import PathModel
from solvers.cpsat.sequence_pipeline_ranges import common_unit, largest_sum
from solvers.tables.sequence_pipeline import Tables, build

# Terms of the flow shop's rows; above it the model takes longer to build than to be of use.
_TERMS = 10**6


class ConstraintProgram:
    """Exact, with bounds."""

    name = "cpsat"

    def solve(
        self,
        problem: Problem,
        limits: Limits,
        hint: Plan | None = None,
        report: Progress[Plan] | None = None,
    ) -> Claim[Plan]:
        """The optimum, or proof that there is no plan; UNSUPPORTED where it is too large."""
        watch = Stopwatch(limits, report)
        listener = report or Progress()
        tables = build(problem)
        obstacle = _obstacle(tables)
        if obstacle:
            return Claim(self.name, Reason.UNSUPPORTED, detail=obstacle)
        unit = common_unit(tables)
        program = PathModel(tables, unit)
        known = None if hint is None else tables.columns(hint)
        if known is not None and tables.evaluate(*known) is not None:
            program.start_from(*known)
        answer = cpsat.solve(
            program.model,
            program.watched,
            watch,
            limits.seed,
            found=lambda values: listener.plan(tables.plan(*program.read(values))),
            bounded=lambda bound: listener.bound(bound * unit),
        )
        return Claim(
            self.name,
            answer.reason,
            None if answer.values is None else tables.plan(*program.read(answer.values)),
            None if answer.lower_bound is None else answer.lower_bound * unit,
            answer.detail,
            {"chunks to choose from": len(program.chunk), **answer.stats},
        )


def _obstacle(tables: Tables) -> str:
    if tables.coarse:
        return "too many places where a chunk may end; raise chunk_step"
    devices = min(tables.devices, tables.layers)
    terms = len(tables.tokens) * devices * (tables.devices + devices) * tables.devices
    if terms > _TERMS:
        return f"a model of some {terms:,} terms is too large to be built"
    largest = largest_sum(tables)
    if largest > cpsat.LARGEST:
        return f"sums of up to {largest} do not fit into 64-bit integers"
    return ""
