"""Tensor partitions by HiGHS, one program per mode and number of devices.

The algebra is in solvers/tables/tensor_partition_program.py.
"""

from models.problems.tensor_partition import TensorPartitionPlan, TensorPartitionProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.tables.tensor_partition_answer import claim


class IntegerProgramming:
    """One-hot amounts per device, the maxima as columns."""

    name = "milp"

    def solve(
        self,
        problem: TensorPartitionProblem,
        limits: Limits,
        hint: TensorPartitionPlan | None = None,
        report: Progress[TensorPartitionPlan] | None = None,
    ) -> Claim[TensorPartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        return claim(
            self.name,
            problem,
            watch,
            hint,
            report,
            lambda program: program_highs.solve(program, watch, limits.seed),
        )
