"""Methods of split_fleet."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    # What it proves in the end, HiGHS has proved: it agrees with nobody on top of milp.
    Entry(
        "prices",
        "solvers.decomposition.split_fleet_prices:Prices",
        exact("integer-programming"),
        "prices on uplinks and servers, one knapsack per uplink, HiGHS on what is left",
    ),
    Entry(
        "milp",
        "solvers.milp.split_fleet:Knapsack",
        exact("integer-programming"),
        "multiple-choice multidimensional knapsack, HiGHS",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.split_fleet:ConstraintProgram",
        exact("constraint-programming"),
        "an option per stream, counts of equal streams, OR-Tools CP-SAT",
    ),
    Entry(
        "greedy-density",
        "solvers.heuristic.split_fleet:GreedyDensity",
        HEURISTIC,
        "the change that saves most per share of capacity first (Toyoda 1975)",
    ),
    Entry(
        "one-bottleneck-for-all",
        "solvers.heuristic.split_fleet:OneForAll",
        HEURISTIC,
        "the best option by name for all streams that can take it",
    ),
    Entry(
        "neurosurgeon",
        "solvers.heuristic.split_fleet:Neurosurgeon",
        HEURISTIC,
        "each stream its fastest option that fits",
    ),
    Entry("all-remote", "solvers.heuristic.split_fleet:AllRemote", HEURISTIC, "servers first"),
    Entry("all-local", "solvers.heuristic.split_fleet:AllLocal", HEURISTIC, "devices first"),
    Entry("random", "solvers.heuristic.split_fleet:Random", HEURISTIC, "drawn by the seed"),
)
