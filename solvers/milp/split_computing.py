"""Split computing as an integer program, solved by HiGHS; any limit, any DAG.

The algebra is in solvers/tables/split_computing_program.py; one program per policy of gates.
"""

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array
from solvers.tables.split_computing_answer import least_over_policies
from solvers.tables.split_computing_program import Formulation


class IntegerProgramming:
    """Branch and bound on the relaxation, which is integral for a plain DAG."""

    name = "milp"

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

            return program_highs.solve(form.program, watch, limits.seed, found=found)

        return least_over_policies(self.name, problem, answer)
