"""DAG partitions by HiGHS' branch and bound, in either form.

The algebra is in solvers/tables/dag_partition_program.py, which `cpsat` reads too; what proves
apart from both is `dp`. Nothing but the program bounds the load.
"""

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array
from solvers.tables.dag_partition_answer import claim, streaming
from solvers.tables.dag_partition_program import Formulation


class IntegerProgramming:
    """Branch and bound on the relaxation."""

    name = "milp"

    def solve(
        self,
        problem: DagPartitionProblem,
        limits: Limits,
        hint: DagPartitionPlan | None = None,
        report: Progress[DagPartitionPlan] | None = None,
    ) -> Claim[DagPartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)

        def solve(form: Formulation, start: Array | None) -> Answer:
            found, bounded = streaming(form, report)
            return program_highs.solve(form.program, watch, limits.seed, start, found, bounded)

        return claim(self.name, problem, watch, hint, (solve, lambda _tables, _upper: 0))
