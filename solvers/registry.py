"""Every method of every kind, in order of preference.

Methods are named by module and loaded on first use, so that a process that only lists them (the
HTTP server) never imports a solver library.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from solvers.base import Solver, Traits


@dataclass(frozen=True)
class Entry:
    """One method: its name, where it lives ("module:Class"), what it promises, what it is."""

    name: str
    where: str
    traits: Traits
    summary: str

    def load(self) -> Solver[Any, Any]:
        """An instance of the method; imports its module."""
        module, _, attribute = self.where.partition(":")
        solver: Solver[Any, Any] = getattr(import_module(module), attribute)()
        return solver


def _exact(family: str) -> Traits:
    return Traits(exact=True, bounds=True, deterministic=True, family=family)


_HEURISTIC = Traits(exact=False, bounds=False, deterministic=True, family="heuristic")

_DAG = "dag_partition"
_PIPELINE = "pipeline_partition"
_SELECTION = "expert_selection"

REGISTRY: dict[str, tuple[Entry, ...]] = {
    _DAG: (
        Entry(
            "dp",
            f"solvers.dp.{_DAG}:DynamicProgram",
            _exact("dynamic-programming"),
            "dynamic program over downward-closed sets",
        ),
        Entry(
            "cpsat",
            f"solvers.cpsat.{_DAG}:ConstraintProgram",
            _exact("constraint-programming"),
            "bounds from single accelerators, then OR-Tools CP-SAT",
        ),
        Entry(
            "milp",
            f"solvers.milp.{_DAG}:IntegerProgramming",
            _exact("integer-programming"),
            "one column per group and device, HiGHS",
        ),
        Entry(
            "local-search",
            f"solvers.heuristic.{_DAG}_search:LocalSearch",
            _HEURISTIC,
            "tabu search over single moves",
        ),
        Entry(
            "linearised-dp",
            f"solvers.heuristic.{_DAG}:LinearisedDp",
            _HEURISTIC,
            "the dynamic program along one depth-first order",
        ),
        Entry(
            "pipedream",
            f"solvers.heuristic.{_DAG}:PipeDream",
            _HEURISTIC,
            "branches contracted, then the dynamic program along one order",
        ),
        Entry(
            "greedy",
            f"solvers.heuristic.{_DAG}:Greedy",
            _HEURISTIC,
            "accelerators filled to their share along one order",
        ),
        Entry(
            "one-device",
            f"solvers.heuristic.{_DAG}:OneDevice",
            _HEURISTIC,
            "everything on one device",
        ),
    ),
    _PIPELINE: (
        Entry(
            "dp",
            f"solvers.dp.{_PIPELINE}:DynamicProgram",
            _exact("dynamic-programming"),
            "dynamic program over multisets of device types",
        ),
        Entry(
            "cpsat",
            f"solvers.cpsat.{_PIPELINE}:ConstraintProgram",
            _exact("constraint-programming"),
            "circuit and element constraints, OR-Tools CP-SAT",
        ),
        Entry(
            "milp",
            f"solvers.milp.{_PIPELINE}:IntervalFlow",
            _exact("integer-programming"),
            "interval-flow columns, Pyomo and HiGHS",
        ),
        Entry(
            "edgeshard",
            f"solvers.heuristic.{_PIPELINE}:EdgeShard",
            _HEURISTIC,
            "EdgeShard's dynamic programs, memory carried along the best path",
        ),
        Entry(
            "pipedream",
            f"solvers.heuristic.{_PIPELINE}:PipeDream",
            _HEURISTIC,
            "PipeDream's dynamic program on devices sorted by speed",
        ),
        Entry(
            "jupiter-order",
            f"solvers.heuristic.{_PIPELINE}:JupiterOrder",
            _HEURISTIC,
            "Jupiter's dynamic program on the devices in their given order, all in use",
        ),
        Entry(
            "speed-weighted",
            f"solvers.heuristic.{_PIPELINE}:SpeedWeighted",
            _HEURISTIC,
            "layers in proportion to speed",
        ),
        Entry(
            "memory-weighted",
            f"solvers.heuristic.{_PIPELINE}:MemoryWeighted",
            _HEURISTIC,
            "layers in proportion to memory, devices by memory (exo's ring)",
        ),
        Entry(
            "even-split",
            f"solvers.heuristic.{_PIPELINE}:EvenSplit",
            _HEURISTIC,
            "equal layer counts in the order given",
        ),
        Entry(
            "best-single-device",
            f"solvers.heuristic.{_PIPELINE}:BestSingleDevice",
            _HEURISTIC,
            "the whole model on the best device that holds it",
        ),
    ),
    _SELECTION: (
        Entry(
            "monotonic",
            f"solvers.search.{_SELECTION}:Monotonic",
            _exact("branch-and-bound"),
            "branch, reduce and bound of monotonic optimisation, Lagrangian bounds",
        ),
        Entry(
            "milp",
            f"solvers.milp.{_SELECTION}:IntegerProgram",
            _exact("integer-programming"),
            "assignment program, HiGHS on direct arrays (Pyomo is too slow at its size)",
        ),
        Entry(
            "cpsat",
            f"solvers.cpsat.{_SELECTION}:ConstraintProgram",
            _exact("constraint-programming"),
            "assignment program in whole numbers, OR-Tools CP-SAT",
        ),
        Entry(
            "cuts",
            f"solvers.decomposition.{_SELECTION}_cuts:Cuts",
            _exact("integer-programming"),
            "submodular cuts per cluster, HiGHS solved again",
        ),
        Entry(
            "enumeration",
            f"solvers.search.{_SELECTION}_enumeration:Enumeration",
            _exact("enumeration"),
            "all selections of up to 20 experts",
        ),
        Entry(
            "polyblock",
            f"solvers.search.{_SELECTION}_polyblock:Polyblock",
            _exact("outer-approximation"),
            "polyblock on {0,1}, a reference",
        ),
        Entry(
            "greedy-local-search",
            f"solvers.heuristic.{_SELECTION}:GreedyLocalSearch",
            _HEURISTIC,
            "both greedies, improved by leaving one expert out at a time",
        ),
        Entry(
            "greedy-ratio",
            f"solvers.heuristic.{_SELECTION}:GreedyRatio",
            _HEURISTIC,
            "the largest gain per budget first",
        ),
        Entry(
            "greedy-quality",
            f"solvers.heuristic.{_SELECTION}:GreedyQuality",
            _HEURISTIC,
            "the largest gain first",
        ),
        Entry(
            "top-k-quality",
            f"solvers.heuristic.{_SELECTION}:TopKQuality",
            _HEURISTIC,
            "experts by mean quality, while they fit",
        ),
        Entry(
            "best-single",
            f"solvers.heuristic.{_SELECTION}:BestSingle",
            _HEURISTIC,
            "the one best expert",
        ),
        Entry(
            "random-feasible",
            f"solvers.heuristic.{_SELECTION}:RandomFeasible",
            _HEURISTIC,
            "experts in a random order, while they fit",
        ),
    ),
}

_SEQUENCE = "sequence_pipeline"
REGISTRY[_SEQUENCE] = (
    Entry(
        "dp",
        f"solvers.dp.{_SEQUENCE}:DynamicProgram",
        _exact("dynamic-programming"),
        "layer plans by their bound, chunks by labels over token positions",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_SEQUENCE}:ConstraintProgram",
        _exact("constraint-programming"),
        "stages by place, chunks as a circuit of token positions, OR-Tools CP-SAT",
    ),
    Entry(
        "pareto",
        f"solvers.heuristic.{_SEQUENCE}:Pareto",
        _HEURISTIC,
        "Pareto front of layer plans times TeraPipe's chunks, ranked by the flow shop",
    ),
    Entry(
        "jupiter",
        f"solvers.heuristic.{_SEQUENCE}:Jupiter",
        _HEURISTIC,
        "Jupiter's planner: least bottleneck in the order given, then chunks",
    ),
    Entry(
        "terapipe",
        f"solvers.heuristic.{_SEQUENCE}:TeraPipe",
        _HEURISTIC,
        "equal layer counts, then TeraPipe's chunks",
    ),
    Entry(
        "even-chunks",
        f"solvers.heuristic.{_SEQUENCE}:EvenChunks",
        _HEURISTIC,
        "Jupiter's layers, as many equal chunks as stages",
    ),
    Entry(
        "edgeshard-throughput",
        f"solvers.heuristic.{_SEQUENCE}:EdgeShardThroughput",
        _HEURISTIC,
        "EdgeShard's dynamic program for throughput, the prompt at once",
    ),
    Entry(
        "edgeshard-latency",
        f"solvers.heuristic.{_SEQUENCE}:EdgeShardLatency",
        _HEURISTIC,
        "EdgeShard's dynamic program for latency, the prompt at once",
    ),
)

_SPLIT = "split_computing"
_FLEET = "split_fleet"

REGISTRY[_SPLIT] = (
    Entry(
        "dp",
        f"solvers.dp.{_SPLIT}:DynamicProgram",
        _exact("dynamic-programming"),
        "labels over sets of layers and devices",
    ),
    Entry(
        "mincut",
        f"solvers.search.{_SPLIT}:MinimumCut",
        _exact("minimum-cut"),
        "minimum cut, OR-Tools maximum flow; branch and bound where limits bind",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_SPLIT}:IntegerProgramming",
        _exact("integer-programming"),
        "placement, crossings and limits, HiGHS",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_SPLIT}:ConstraintProgram",
        _exact("constraint-programming"),
        "clauses on the order of the hops, OR-Tools CP-SAT",
    ),
    Entry(
        "best-bottleneck",
        f"solvers.heuristic.{_SPLIT}:BestBottleneck",
        _HEURISTIC,
        "one bottleneck from the first device to the last",
    ),
    Entry(
        "neurosurgeon",
        f"solvers.heuristic.{_SPLIT}:Neurosurgeon",
        _HEURISTIC,
        "the best single cut, no bottleneck (Kang et al. 2017)",
    ),
    Entry(
        "all-local",
        f"solvers.heuristic.{_SPLIT}:AllLocal",
        _HEURISTIC,
        "everything on the first device",
    ),
    Entry(
        "all-remote",
        f"solvers.heuristic.{_SPLIT}:AllRemote",
        _HEURISTIC,
        "everything on the last device",
    ),
    Entry("random", f"solvers.heuristic.{_SPLIT}:Random", _HEURISTIC, "the best of 100 placements"),
)
REGISTRY[_FLEET] = (
    Entry(
        "prices",
        f"solvers.decomposition.{_FLEET}_prices:Prices",
        # What it proves in the end, HiGHS has proved: it agrees with nobody on top of milp.
        _exact("integer-programming"),
        "prices on uplinks and servers, one knapsack per uplink, HiGHS on what is left",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_FLEET}:Knapsack",
        _exact("integer-programming"),
        "multiple-choice multidimensional knapsack, HiGHS",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_FLEET}:ConstraintProgram",
        _exact("constraint-programming"),
        "an option per stream, counts of equal streams, OR-Tools CP-SAT",
    ),
    Entry(
        "greedy-density",
        f"solvers.heuristic.{_FLEET}:GreedyDensity",
        _HEURISTIC,
        "the change that saves most per share of capacity first (Toyoda 1975)",
    ),
    Entry(
        "one-bottleneck-for-all",
        f"solvers.heuristic.{_FLEET}:OneForAll",
        _HEURISTIC,
        "the best option by name for all streams that can take it",
    ),
    Entry(
        "neurosurgeon",
        f"solvers.heuristic.{_FLEET}:Neurosurgeon",
        _HEURISTIC,
        "each stream its fastest option that fits",
    ),
    Entry("all-remote", f"solvers.heuristic.{_FLEET}:AllRemote", _HEURISTIC, "servers first"),
    Entry("all-local", f"solvers.heuristic.{_FLEET}:AllLocal", _HEURISTIC, "devices first"),
    Entry("random", f"solvers.heuristic.{_FLEET}:Random", _HEURISTIC, "drawn by the seed"),
)

_OFFLOAD = "offload_placement"
REGISTRY[_OFFLOAD] = (
    Entry(
        "lagrangian",
        f"solvers.decomposition.{_OFFLOAD}_prices:Lagrangian",
        _exact("lagrangian"),
        "prices on the budgets, a p-median per layer, a dynamic program over layers, HiGHS last",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_OFFLOAD}:AssignmentProgram",
        _exact("integer-programming"),
        "assignment program, HiGHS on direct arrays",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_OFFLOAD}:ConstraintProgram",
        _exact("constraint-programming"),
        "picks and element constraints, OR-Tools CP-SAT",
    ),
    Entry(
        "local-search",
        f"solvers.heuristic.{_OFFLOAD}_search:LocalSearch",
        _HEURISTIC,
        "moves, exchanges and adoptions from the best baseline",
    ),
    Entry(
        "linkage-then-place",
        f"solvers.heuristic.{_OFFLOAD}:LinkageThenPlace",
        _HEURISTIC,
        "average linkage up to the loss budget, then by activations (HC-SMoE 2024)",
    ),
    Entry(
        "msmoe-then-place",
        f"solvers.heuristic.{_OFFLOAD}:MsmoeThenPlace",
        _HEURISTIC,
        "merging by frequency up to the loss budget, then by activations (M-SMoE 2024)",
    ),
    Entry(
        "no-merge",
        f"solvers.heuristic.{_OFFLOAD}:NoMerge",
        _HEURISTIC,
        "experts by the time saved per byte",
    ),
    Entry(
        "frequency-greedy",
        f"solvers.heuristic.{_OFFLOAD}:FrequencyGreedy",
        _HEURISTIC,
        "experts by activations over all sites",
    ),
    Entry(
        "site-popularity",
        f"solvers.heuristic.{_OFFLOAD}:SitePopularity",
        _HEURISTIC,
        "each site's experts by its own activations",
    ),
    Entry(
        "all-cloud",
        f"solvers.heuristic.{_OFFLOAD}:AllCloud",
        _HEURISTIC,
        "everything stays with a holder that holds everything",
    ),
)

_TENSOR = "tensor_partition"
REGISTRY[_TENSOR] = (
    Entry(
        "bisection",
        f"solvers.search.{_TENSOR}:Bisection",
        _exact("bisection"),
        "groups of devices by bound, bisection on the maxima in each",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_TENSOR}:IntegerProgramming",
        _exact("integer-programming"),
        "one-hot amounts, a program per mode and number of devices, HiGHS",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_TENSOR}:ConstraintProgram",
        _exact("constraint-programming"),
        "one-hot amounts, a program per mode and number of devices, OR-Tools CP-SAT",
    ),
    Entry(
        "galaxy",
        f"solvers.heuristic.{_TENSOR}:Galaxy",
        _HEURISTIC,
        "in proportion to speed, what overflows to devices with room (Ye et al. 2024)",
    ),
    Entry(
        "megatron-even",
        f"solvers.heuristic.{_TENSOR}:MegatronEven",
        _HEURISTIC,
        "equal heads and columns, all-reduces (Megatron-LM 2019)",
    ),
    Entry(
        "sequence-even",
        f"solvers.heuristic.{_TENSOR}:SequenceEven",
        _HEURISTIC,
        "the whole model on every device, equal rows (Li et al. 2023)",
    ),
)

_TRAINING = "pipeline_training"
REGISTRY[_TRAINING] = (
    Entry(
        "dp",
        f"solvers.dp.{_TRAINING}:DynamicProgram",
        _exact("dynamic-programming"),
        "dynamic program over sets of devices, a walk along pipeline and all-reduce",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_TRAINING}:IntegerProgramming",
        _exact("integer-programming"),
        "one column per place, group and run of layers, HiGHS",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_TRAINING}:ConstraintProgram",
        _exact("constraint-programming"),
        "one column per place, group and run of layers, OR-Tools CP-SAT",
    ),
    Entry(
        "asteroid",
        f"solvers.heuristic.{_TRAINING}:Asteroid",
        _HEURISTIC,
        "dynamic program over suffixes of the devices by memory (Ye et al. 2024)",
    ),
    Entry(
        "replay",
        f"solvers.heuristic.{_TRAINING}_replay:Replay",
        _HEURISTIC,
        "the plan in force, lost layers to their neighbours by speed (Ye et al. 2024)",
    ),
    Entry(
        "pipedream",
        f"solvers.heuristic.{_TRAINING}:PipeDream",
        _HEURISTIC,
        "PipeDream's dynamic program as if all devices were equal",
    ),
    Entry(
        "pipeline-even",
        f"solvers.heuristic.{_TRAINING}:PipelineEven",
        _HEURISTIC,
        "one device per stage by memory, equal layer counts",
    ),
    Entry(
        "data-parallel",
        f"solvers.heuristic.{_TRAINING}:DataParallel",
        _HEURISTIC,
        "the whole model on all devices",
    ),
)

_BALANCE = "expert_balance"

REGISTRY[_BALANCE] = (
    Entry(
        "polish",
        f"solvers.decomposition.{_BALANCE}_polish:Polish",
        _exact("constraint-programming"),
        "local search, then OR-Tools CP-SAT on layers that are not in perfect balance",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_BALANCE}:ConstraintProgram",
        _exact("constraint-programming"),
        "shares of replicas, or hosts with Hall's condition as cuts, OR-Tools CP-SAT",
    ),
    Entry(
        "milp",
        f"solvers.milp.{_BALANCE}:IntegerProgramming",
        _exact("integer-programming"),
        "replicas by count, or hosts and flows, HiGHS",
    ),
    Entry(
        "local-search",
        f"solvers.heuristic.{_BALANCE}_search:LocalSearch",
        _HEURISTIC,
        "swaps and re-replications from EPLB's placement, split by Hall's condition",
    ),
    Entry(
        "affinity-sweep",
        f"solvers.decomposition.{_BALANCE}_affinity:AffinitySweep",
        _HEURISTIC,
        "one layer after another placed beside its neighbours, HiGHS",
    ),
    Entry(
        "eplb",
        f"solvers.heuristic.{_BALANCE}:Eplb",
        _HEURISTIC,
        "longest first to groups, replicas and devices (deepseek-ai/EPLB 2025)",
    ),
    Entry("contiguous", f"solvers.heuristic.{_BALANCE}:Contiguous", _HEURISTIC, "experts in order"),
)

_SERVING = "serving_flow"

REGISTRY[_SERVING] = (
    Entry(
        "cover",
        f"solvers.decomposition.{_SERVING}_cover:Cover",
        _exact("integer-programming"),
        "a bound from the layers, pipelines of stages that meet it, cuts and HiGHS where none does",
    ),
    Entry(
        "cpsat",
        f"solvers.cpsat.{_SERVING}:ConstraintProgram",
        _exact("constraint-programming"),
        "starts, sizes and switched links, OR-Tools CP-SAT",
    ),
    Entry(
        "branch-and-bound",
        f"solvers.search.{_SERVING}:BranchAndBound",
        _exact("branch-and-bound"),
        "one node after another, bounded by what the layers lack",
    ),
    Entry(
        "stages",
        f"solvers.decomposition.{_SERVING}_stages:Stages",
        _HEURISTIC,
        "the best pipeline of replicated stages, without positions, HiGHS",
    ),
    Entry(
        "local-search",
        f"solvers.heuristic.{_SERVING}:LocalSearch",
        _HEURISTIC,
        "annealing over what layers lack, from the best baseline",
    ),
    Entry(
        "single-pipeline",
        f"solvers.heuristic.{_SERVING}:SinglePipeline",
        _HEURISTIC,
        "one pipeline along links whose slowest node is the fastest",
    ),
    Entry(
        "separate-pipelines",
        f"solvers.heuristic.{_SERVING}:SeparatePipelines",
        _HEURISTIC,
        "pipelines of nodes of one make each (Helix's SP)",
    ),
    Entry(
        "swarm",
        f"solvers.heuristic.{_SERVING}:Swarm",
        _HEURISTIC,
        "equal stages, nodes join the weakest (Ryabinin et al. 2023)",
    ),
    Entry(
        "petals",
        f"solvers.heuristic.{_SERVING}:Petals",
        _HEURISTIC,
        "nodes in turn hold what least passes (Borzunov et al. 2023)",
    ),
    Entry("even", f"solvers.heuristic.{_SERVING}:Even", _HEURISTIC, "equal ranges in order"),
)


def entries(kind: str) -> tuple[Entry, ...]:
    """The methods of a kind in order of preference. Raises KeyError for an unknown kind."""
    return REGISTRY[kind]


def entry(kind: str, name: str) -> Entry | None:
    """The method of that name, or None."""
    return next((item for item in REGISTRY[kind] if item.name == name), None)
