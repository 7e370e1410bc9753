"""Methods of pipeline_training."""

from solvers.registry.method import HEURISTIC, Entry, exact

# Two backends of one program share its mistakes: one word of them counts beside the recurrence's.
_PROGRAM = exact("integer-programming")

METHODS = (
    Entry(
        "dp",
        "solvers.dp.pipeline_training:DynamicProgram",
        exact("dynamic-programming"),
        "dynamic program over sets of devices, a walk along pipeline and all-reduce",
    ),
    Entry(
        "milp",
        "solvers.milp.pipeline_training:IntegerProgramming",
        _PROGRAM,
        "one column per place, group and run of layers, HiGHS",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.pipeline_training:ConstraintProgram",
        _PROGRAM,
        "one column per place, group and run of layers, OR-Tools CP-SAT",
    ),
    Entry(
        "asteroid",
        "solvers.heuristic.pipeline_training:Asteroid",
        HEURISTIC,
        "dynamic program over suffixes of the devices by memory (Ye et al. 2024)",
    ),
    Entry(
        "replay",
        "solvers.heuristic.pipeline_training_replay:Replay",
        HEURISTIC,
        "the plan in force, lost layers to their neighbours by speed (Ye et al. 2024)",
    ),
    Entry(
        "pipedream",
        "solvers.heuristic.pipeline_training:PipeDream",
        HEURISTIC,
        "PipeDream's dynamic program as if all devices were equal",
    ),
    Entry(
        "pipeline-even",
        "solvers.heuristic.pipeline_training:PipelineEven",
        HEURISTIC,
        "one device per stage by memory, equal layer counts",
    ),
    Entry(
        "data-parallel",
        "solvers.heuristic.pipeline_training:DataParallel",
        HEURISTIC,
        "the whole model on all devices",
    ),
)
