"""Methods of dag_partition."""

from solvers.registry.method import HEURISTIC, Entry, exact

# Two backends of one program share its mistakes: one word of them counts beside the recurrence's.
_PROGRAM = exact("integer-programming")

METHODS = (
    Entry(
        "dp",
        "solvers.dp.dag_partition:DynamicProgram",
        exact("dynamic-programming"),
        "dynamic program over downward-closed sets",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.dag_partition:ConstraintProgram",
        _PROGRAM,
        "bounds from single accelerators, then OR-Tools CP-SAT",
    ),
    Entry(
        "milp",
        "solvers.milp.dag_partition:IntegerProgramming",
        _PROGRAM,
        "one column per group and device, HiGHS",
    ),
    Entry(
        "local-search",
        "solvers.heuristic.dag_partition_search:LocalSearch",
        HEURISTIC,
        "tabu search over single moves",
    ),
    Entry(
        "linearised-dp",
        "solvers.heuristic.dag_partition:LinearisedDp",
        HEURISTIC,
        "the dynamic program along one depth-first order",
    ),
    Entry(
        "pipedream",
        "solvers.heuristic.dag_partition:PipeDream",
        HEURISTIC,
        "branches contracted, then the dynamic program along one order",
    ),
    Entry(
        "greedy",
        "solvers.heuristic.dag_partition:Greedy",
        HEURISTIC,
        "accelerators filled to their share along one order",
    ),
    Entry(
        "one-device",
        "solvers.heuristic.dag_partition:OneDevice",
        HEURISTIC,
        "everything on one device",
    ),
)
