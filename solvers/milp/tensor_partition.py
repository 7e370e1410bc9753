"""Tensor partitions by HiGHS, one program per mode and number of devices.

The algebra is in solvers/tables/tensor_partition_program.py, which both backends read: what proves
apart from them, by another method altogether, is `bisection`.
"""

from solvers.backends import program_highs
from solvers.tables.tensor_partition_answer import Programs


class IntegerProgramming(Programs):
    """One-hot amounts per device, the maxima as columns."""

    name = "milp"
    backend = staticmethod(program_highs.solve)
