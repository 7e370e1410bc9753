"""Methods of serving_flow."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    # Where links bind it ends in CP-SAT: it agrees with nobody on top of cpsat.
    Entry(
        "cover",
        "solvers.decomposition.serving_flow_cover:Cover",
        exact("constraint-programming"),
        "a bound from the layers, pipelines of stages that meet it, cuts and HiGHS where none does",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.serving_flow:ConstraintProgram",
        exact("constraint-programming"),
        "starts, sizes and switched links, OR-Tools CP-SAT",
    ),
    Entry(
        "branch-and-bound",
        "solvers.search.serving_flow:BranchAndBound",
        exact("branch-and-bound"),
        "one node after another, bounded by what the layers lack",
    ),
    Entry(
        "stages",
        "solvers.decomposition.serving_flow_stages:Stages",
        HEURISTIC,
        "the best pipeline of replicated stages, without positions, HiGHS",
    ),
    Entry(
        "local-search",
        "solvers.heuristic.serving_flow:LocalSearch",
        HEURISTIC,
        "annealing over what layers lack, from the best baseline",
    ),
    Entry(
        "single-pipeline",
        "solvers.heuristic.serving_flow:SinglePipeline",
        HEURISTIC,
        "one pipeline along links whose slowest node is the fastest",
    ),
    Entry(
        "separate-pipelines",
        "solvers.heuristic.serving_flow:SeparatePipelines",
        HEURISTIC,
        "pipelines of nodes of one make each (Helix's SP)",
    ),
    Entry(
        "swarm",
        "solvers.heuristic.serving_flow:Swarm",
        HEURISTIC,
        "equal stages, nodes join the weakest (Ryabinin et al. 2023)",
    ),
    Entry(
        "petals",
        "solvers.heuristic.serving_flow:Petals",
        HEURISTIC,
        "nodes in turn hold what least passes (Borzunov et al. 2023)",
    ),
    Entry("even", "solvers.heuristic.serving_flow:Even", HEURISTIC, "equal ranges in order"),
)
