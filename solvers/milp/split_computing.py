"""Split computing as an integer program, solved by HiGHS; any limit, any DAG.

The algebra is in solvers/tables/split_computing_program.py; one program per policy of gates.
"""

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Array
from solvers.tables.split_computing import Tables
from solvers.tables.split_computing_answer import Answered, least_over_policies
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

        def policy(tables: Tables) -> Answered:
            form = Formulation(tables)

            def found(point: Array) -> None:
                listener.plan(form.plan(point))

            answer = program_highs.solve(form.program, watch, limits.seed, found=found)
            best = None
            if answer.point is not None:
                value = form.program.objective(answer.point) + form.offset()
                best = value, form.plan(answer.point)
            bound = None if answer.bound is None else answer.bound + form.offset()
            return Answered(answer.reason, best, bound, answer.detail)

        return least_over_policies(self.name, problem, policy)
