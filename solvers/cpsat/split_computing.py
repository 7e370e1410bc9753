"""Split computing by CP-SAT; any limit, any DAG.

The algebra is in solvers/tables/split_computing_program.py; one program per policy of gates.
"""

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array
from solvers.tables.split_computing_answer import least_over_policies
from solvers.tables.split_computing_program import Formulation


class ConstraintProgram:
    """Clause learning over the same integers, without floating point."""

    name = "cpsat"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The optimum, or proof that there is no plan."""
        watch, listener = Stopwatch(limits, report), report or Progress()

        def answer(form: Formulation) -> Answer:
            def found(point: Array) -> None:
                listener.plan(form.plan(point))

            return program_cpsat.solve(form.program, watch, limits.seed, found=found)

        return least_over_policies(self.name, problem, answer)
