"""Split computing as an integer program, solved by HiGHS; any limit, any DAG.

The algebra is in solvers/tables/split_computing_program.py; one program per policy of gates.
"""

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
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
        watch = Stopwatch(limits, report)

        def policy(tables: Tables) -> Answered:
            form = Formulation(tables)
            found = program_highs.solve(form.program, watch.left_ns())
            if found.infeasible:
                return Answered(infeasible=True)
            best = None
            if found.point is not None:
                value = form.program.value(found.point) + form.offset()
                best = value, form.plan(found.point)
            bound = None if found.bound is None else found.bound + form.offset()
            return Answered(best, bound)

        return least_over_policies(self.name, problem, watch, policy)
