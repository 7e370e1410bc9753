"""Methods of split_computing."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    Entry(
        "dp",
        "solvers.dp.split_computing:DynamicProgram",
        exact("dynamic-programming"),
        "labels over sets of layers and devices",
    ),
    Entry(
        "mincut",
        "solvers.search.split_computing:MinimumCut",
        exact("minimum-cut"),
        "minimum cut, OR-Tools maximum flow; branch and bound where limits bind",
    ),
    Entry(
        "milp",
        "solvers.milp.split_computing:IntegerProgramming",
        exact("integer-programming"),
        "placement, crossings and limits, HiGHS",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.split_computing:ConstraintProgram",
        exact("constraint-programming"),
        "clauses on the order of the hops, OR-Tools CP-SAT",
    ),
    Entry(
        "best-bottleneck",
        "solvers.heuristic.split_computing:BestBottleneck",
        HEURISTIC,
        "one bottleneck from the first device to the last",
    ),
    Entry(
        "neurosurgeon",
        "solvers.heuristic.split_computing:Neurosurgeon",
        HEURISTIC,
        "the best single cut, no bottleneck (Kang et al. 2017)",
    ),
    Entry(
        "all-local",
        "solvers.heuristic.split_computing:AllLocal",
        HEURISTIC,
        "everything on the first device",
    ),
    Entry(
        "all-remote",
        "solvers.heuristic.split_computing:AllRemote",
        HEURISTIC,
        "everything on the last device",
    ),
    Entry(
        "random",
        "solvers.heuristic.split_computing:Random",
        HEURISTIC,
        "the best of 100 placements",
    ),
)
