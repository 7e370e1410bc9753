"""Methods of expert_balance."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    Entry(
        "polish",
        "solvers.decomposition.expert_balance_polish:Polish",
        exact("constraint-programming"),
        "local search, then OR-Tools CP-SAT on layers that are not in perfect balance",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.expert_balance:ConstraintProgram",
        exact("constraint-programming"),
        "shares of replicas, or hosts with Hall's condition as cuts, OR-Tools CP-SAT",
    ),
    Entry(
        "milp",
        "solvers.milp.expert_balance:IntegerProgramming",
        exact("integer-programming"),
        "replicas by count, or hosts and flows, HiGHS",
    ),
    Entry(
        "local-search",
        "solvers.heuristic.expert_balance_search:LocalSearch",
        HEURISTIC,
        "swaps and re-replications from EPLB's placement, split by Hall's condition",
    ),
    Entry(
        "affinity-sweep",
        "solvers.decomposition.expert_balance_affinity:AffinitySweep",
        HEURISTIC,
        "one layer after another placed beside its neighbours, HiGHS",
    ),
    Entry(
        "eplb",
        "solvers.heuristic.expert_balance:Eplb",
        HEURISTIC,
        "longest first to groups, replicas and devices (deepseek-ai/EPLB 2025)",
    ),
    Entry(
        "contiguous", "solvers.heuristic.expert_balance:Contiguous", HEURISTIC, "experts in order"
    ),
)
