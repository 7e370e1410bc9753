"""Methods of pipeline_partition."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    Entry(
        "dp",
        "solvers.dp.pipeline_partition:DynamicProgram",
        exact("dynamic-programming"),
        "dynamic program over multisets of device types",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.pipeline_partition:ConstraintProgram",
        exact("constraint-programming"),
        "circuit and element constraints, OR-Tools CP-SAT",
    ),
    Entry(
        "milp",
        "solvers.milp.pipeline_partition:IntervalFlow",
        exact("integer-programming"),
        "interval-flow columns, Pyomo and HiGHS",
    ),
    Entry(
        "edgeshard",
        "solvers.heuristic.pipeline_partition:EdgeShard",
        HEURISTIC,
        "EdgeShard's dynamic programs, memory carried along the best path",
    ),
    Entry(
        "pipedream",
        "solvers.heuristic.pipeline_partition:PipeDream",
        HEURISTIC,
        "PipeDream's dynamic program on devices sorted by speed",
    ),
    Entry(
        "jupiter-order",
        "solvers.heuristic.pipeline_partition:JupiterOrder",
        HEURISTIC,
        "Jupiter's dynamic program on the devices in their given order, all in use",
    ),
    Entry(
        "speed-weighted",
        "solvers.heuristic.pipeline_partition:SpeedWeighted",
        HEURISTIC,
        "layers in proportion to speed",
    ),
    Entry(
        "memory-weighted",
        "solvers.heuristic.pipeline_partition:MemoryWeighted",
        HEURISTIC,
        "layers in proportion to memory, devices by memory (exo's ring)",
    ),
    Entry(
        "even-split",
        "solvers.heuristic.pipeline_partition:EvenSplit",
        HEURISTIC,
        "equal layer counts in the order given",
    ),
    Entry(
        "best-single-device",
        "solvers.heuristic.pipeline_partition:BestSingleDevice",
        HEURISTIC,
        "the whole model on the best device that holds it",
    ),
)
