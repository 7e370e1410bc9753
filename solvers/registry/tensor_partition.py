"""Methods of tensor_partition."""

from solvers.registry.method import HEURISTIC, Entry, exact

# Two backends of one program share its mistakes: one word of them counts beside bisection's.
_PROGRAM = exact("integer-programming")

METHODS = (
    Entry(
        "bisection",
        "solvers.search.tensor_partition:Bisection",
        exact("bisection"),
        "groups of devices by bound, bisection on the maxima in each",
    ),
    Entry(
        "milp",
        "solvers.milp.tensor_partition:IntegerProgramming",
        _PROGRAM,
        "one-hot amounts, a program per mode and number of devices, HiGHS",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.tensor_partition:ConstraintProgram",
        _PROGRAM,
        "one-hot amounts, a program per mode and number of devices, OR-Tools CP-SAT",
    ),
    Entry(
        "galaxy",
        "solvers.heuristic.tensor_partition:Galaxy",
        HEURISTIC,
        "in proportion to speed, what overflows to devices with room (Ye et al. 2024)",
    ),
    Entry(
        "megatron-even",
        "solvers.heuristic.tensor_partition:MegatronEven",
        HEURISTIC,
        "equal heads and columns, all-reduces (Megatron-LM 2019)",
    ),
    Entry(
        "sequence-even",
        "solvers.heuristic.tensor_partition:SequenceEven",
        HEURISTIC,
        "the whole model on every device, equal rows (Li et al. 2023)",
    ),
)
