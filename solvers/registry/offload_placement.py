"""Methods of offload_placement."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    # What its prices leave open HiGHS proves: it agrees with nobody on top of milp.
    Entry(
        "lagrangian",
        "solvers.decomposition.offload_placement_prices:Lagrangian",
        exact("integer-programming"),
        "prices on the budgets, a p-median per layer, a dynamic program over layers, HiGHS last",
    ),
    Entry(
        "milp",
        "solvers.milp.offload_placement:AssignmentProgram",
        exact("integer-programming"),
        "assignment program, HiGHS on direct arrays",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.offload_placement:ConstraintProgram",
        exact("constraint-programming"),
        "picks and element constraints, OR-Tools CP-SAT",
    ),
    Entry(
        "local-search",
        "solvers.heuristic.offload_placement_search:LocalSearch",
        HEURISTIC,
        "moves, exchanges and adoptions from the best baseline",
    ),
    Entry(
        "linkage-then-place",
        "solvers.heuristic.offload_placement:LinkageThenPlace",
        HEURISTIC,
        "average linkage up to the loss budget, then by activations (HC-SMoE 2024)",
    ),
    Entry(
        "msmoe-then-place",
        "solvers.heuristic.offload_placement:MsmoeThenPlace",
        HEURISTIC,
        "merging by frequency up to the loss budget, then by activations (M-SMoE 2024)",
    ),
    Entry(
        "no-merge",
        "solvers.heuristic.offload_placement:NoMerge",
        HEURISTIC,
        "experts by the time saved per byte",
    ),
    Entry(
        "frequency-greedy",
        "solvers.heuristic.offload_placement:FrequencyGreedy",
        HEURISTIC,
        "experts by activations over all sites",
    ),
    Entry(
        "site-popularity",
        "solvers.heuristic.offload_placement:SitePopularity",
        HEURISTIC,
        "each site's experts by its own activations",
    ),
    Entry(
        "all-cloud",
        "solvers.heuristic.offload_placement:AllCloud",
        HEURISTIC,
        "everything stays with a holder that holds everything",
    ),
)
