"""Tensor partitions by CP-SAT, one program per mode and number of devices.

The algebra is in solvers/tables/tensor_partition_program.py, which both backends read: what proves
apart from them, by another method altogether, is `bisection`.
"""

from solvers.backends import program_cpsat
from solvers.tables.tensor_partition_answer import Programs


class ConstraintProgram(Programs):
    """One-hot amounts per device, the maxima as columns."""

    name = "cpsat"
    backend = staticmethod(program_cpsat.solve)
