"""Methods of sequence_pipeline."""

from solvers.registry.method import HEURISTIC, Entry, exact

METHODS = (
    Entry(
        "deepening",
        "solvers.search.sequence_pipeline:Deepening",
        exact("iterative-deepening"),
        "all plans below a rising value, layer plans in bulk, chunks as a tree",
    ),
    Entry(
        "dp",
        "solvers.dp.sequence_pipeline:DynamicProgram",
        exact("dynamic-programming"),
        "layer plans by their bound, chunks by labels over token positions",
    ),
    Entry(
        "cpsat",
        "solvers.cpsat.sequence_pipeline:ConstraintProgram",
        exact("constraint-programming"),
        "stages by place, chunks as a circuit of token positions, OR-Tools CP-SAT",
    ),
    Entry(
        "pareto",
        "solvers.heuristic.sequence_pipeline:Pareto",
        HEURISTIC,
        "Pareto front of layer plans times TeraPipe's chunks, ranked by the flow shop",
    ),
    Entry(
        "jupiter",
        "solvers.heuristic.sequence_pipeline:Jupiter",
        HEURISTIC,
        "Jupiter's planner: least bottleneck in the order given, then chunks",
    ),
    Entry(
        "terapipe",
        "solvers.heuristic.sequence_pipeline:TeraPipe",
        HEURISTIC,
        "equal layer counts, then TeraPipe's chunks",
    ),
    Entry(
        "even-chunks",
        "solvers.heuristic.sequence_pipeline:EvenChunks",
        HEURISTIC,
        "Jupiter's layers, as many equal chunks as stages",
    ),
    Entry(
        "edgeshard-throughput",
        "solvers.heuristic.sequence_pipeline:EdgeShardThroughput",
        HEURISTIC,
        "EdgeShard's dynamic program for throughput, the prompt at once",
    ),
    Entry(
        "edgeshard-latency",
        "solvers.heuristic.sequence_pipeline:EdgeShardLatency",
        HEURISTIC,
        "EdgeShard's dynamic program for latency, the prompt at once",
    ),
)
