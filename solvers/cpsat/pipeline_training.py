"""Training pipelines by CP-SAT, one column per place, group and run of layers.

The algebra is in solvers/tables/pipeline_training_program.py.
"""

from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Claim, Limits
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.tables.pipeline_training_answer import claim


class ConstraintProgram:
    """Columns for stages, the recursion over places as rows."""

    name = "cpsat"

    def solve(
        self,
        problem: PipelineTrainingProblem,
        limits: Limits,
        hint: PipelineTrainingPlan | None = None,
        report: Progress[PipelineTrainingPlan] | None = None,
    ) -> Claim[PipelineTrainingPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        return claim(
            self.name,
            problem,
            watch,
            lambda program: program_cpsat.solve(program, watch, limits.seed),
        )
