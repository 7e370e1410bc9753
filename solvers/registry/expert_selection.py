"""Methods of expert_selection."""

from solvers.registry.method import HEURISTIC, Entry, exact

# What rows and bounds share they are wrong in together: the assignment program's two backends, and
# the cuts, which take its budgets, are one witness beside the search.
_PROGRAM = exact("integer-programming")

METHODS = (
    Entry(
        "monotonic",
        "solvers.search.expert_selection:Monotonic",
        exact("branch-and-bound"),
        "branch, reduce and bound of monotonic optimisation, Lagrangian bounds",
    ),
    Entry(
        "milp",
        "solvers.milp.expert_selection:IntegerProgram",
        _PROGRAM,
        "assignment program, HiGHS on direct arrays (Pyomo is too slow at its size)",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.expert_selection:ConstraintProgram",
        _PROGRAM,
        "assignment program in whole numbers, OR-Tools CP-SAT",
    ),
    Entry(
        "cuts",
        "solvers.decomposition.expert_selection_cuts:Cuts",
        _PROGRAM,
        "submodular cuts per cluster, HiGHS solved again",
    ),
    Entry(
        "enumeration",
        "solvers.search.expert_selection_enumeration:Enumeration",
        exact("enumeration"),
        "all selections of up to 20 experts",
    ),
    Entry(
        "polyblock",
        "solvers.search.expert_selection_polyblock:Polyblock",
        exact("outer-approximation"),
        "polyblock on {0,1}, a reference",
    ),
    Entry(
        "greedy-local-search",
        "solvers.heuristic.expert_selection:GreedyLocalSearch",
        HEURISTIC,
        "both greedies, improved by leaving one expert out at a time",
    ),
    Entry(
        "greedy-ratio",
        "solvers.heuristic.expert_selection:GreedyRatio",
        HEURISTIC,
        "the largest gain per budget first",
    ),
    Entry(
        "greedy-quality",
        "solvers.heuristic.expert_selection:GreedyQuality",
        HEURISTIC,
        "the largest gain first",
    ),
    Entry(
        "top-k-quality",
        "solvers.heuristic.expert_selection:TopKQuality",
        HEURISTIC,
        "experts by mean quality, while they fit",
    ),
    Entry(
        "best-single",
        "solvers.heuristic.expert_selection:BestSingle",
        HEURISTIC,
        "the one best expert",
    ),
    Entry(
        "random-feasible",
        "solvers.heuristic.expert_selection:RandomFeasible",
        HEURISTIC,
        "experts in a random order, while they fit",
    ),
)
