"""DAG partitions by CP-SAT, after bounds from single accelerators; either form.

The algebra is in solvers/tables/dag_partition_program.py. The bounds of
solvers/tables/dag_partition_anchor.py come first: where they meet the hint, that is the proof.
"""

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.result import Claim, Limits
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, Array
from solvers.tables.dag_partition import Tables
from solvers.tables.dag_partition_anchor import anchors, program
from solvers.tables.dag_partition_answer import claim, streaming
from solvers.tables.dag_partition_program import Formulation

# What one anchor may take of the time that is left: counting groups is quick or hopeless, the
# average load with its transfers is worth waiting for.
_COUNTING, _WEIGHING = 30, 6


class ConstraintProgram:
    """Clauses for cut nets, one row per device, the load as a variable."""

    name = "cpsat"

    def solve(
        self,
        problem: DagPartitionProblem,
        limits: Limits,
        hint: DagPartitionPlan | None = None,
        report: Progress[DagPartitionPlan] | None = None,
    ) -> Claim[DagPartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)

        def bound(tables: Tables, upper: int) -> int:
            best = 0
            for anchor in anchors(tables, upper):
                # An anchor that says less without transfers rarely says more with them.
                if best < min(upper, anchor.least_ns):
                    single = program(tables, anchor)
                    time_ns = watch.left_ns() // (_COUNTING if anchor.counts else _WEIGHING)
                    answer = program_cpsat.solve(single, watch.share(time_ns), limits.seed)
                    # No accelerator can hold the share: no plan is better than `upper`.
                    best = upper if answer.infeasible else max(best, answer.bound or 0)
            if report is not None and best:
                report.bound(min(best, upper))
            return best

        def solve(form: Formulation, start: Array | None) -> Answer:
            found, bounded = streaming(form, report)
            return program_cpsat.solve(form.program, watch, limits.seed, start, found, bounded)

        return claim(self.name, problem, watch, hint, (solve, bound))
