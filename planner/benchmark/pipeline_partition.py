"""Pipelines: the dynamic program against the integer program.

The sizes are those at which the interval-flow MILP struggles with the least maximum; the case of
32 devices has 8 types of 4. A ratio with ">" had the integer program stopped by its time limit.
"""

from collections.abc import Iterator

from models.documents import parse, validate
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from models.result import Limits, Reason
from planner.benchmark.measure import Measured, judged, measure
from planner.benchmark.table import Cell, Table
from problem_instances import document
from problem_instances.generate import generate
from problem_instances.generators.pipeline_partition import PipelineSpec
from solvers.registry import entries

KIND = "pipeline_partition"
_METHODS = {method.name: method for method in entries(KIND)}
_SIZES = ((32, 8), (80, 8), (40, 12))
_UNITS = 16


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _two_exact_methods(limits)
    yield _many_devices(limits)


def _two_exact_methods(limits: Limits) -> Table:
    table = Table("dp and milp", "Generated problems; no two devices are alike.")
    for layers, devices in _SIZES:
        for objective in PipelineObjective:
            problem = _generated(layers, devices, objective, limits.seed)
            dp, milp = _measured(problem, ("dp", "milp"), limits)
            judged(problem, [dp, milp])
            case: dict[str, Cell] = {
                "problem": _size(problem),
                "objective": objective.value,
                "milp / dp time": _ratio(milp, dp),
            }
            table.add(case | _columns(dp) | _columns(milp))
    return table


def _generated(
    layers: int, devices: int, objective: PipelineObjective, seed: int
) -> PipelinePartitionProblem:
    spec = PipelineSpec(
        seed=seed,
        devices=devices,
        types=devices,
        layers=layers,
        objective=objective.value,
        units=_UNITS,
    )
    return _read(generate(spec))


def _many_devices(limits: Limits) -> Table:
    table = Table("dp on 32 devices", "Llama-2-70B on 8 types of 4 devices, instance types-8x4.")
    for objective in (PipelineObjective.LATENCY, PipelineObjective.THROUGHPUT):
        problem = _read(document(f"{KIND}/types-8x4")).model_copy(update={"objective": objective})
        (dp,) = _measured(problem, ("dp",), limits)
        case: dict[str, Cell] = {"problem": _size(problem), "objective": objective.value}
        table.add(case | _columns(dp))
    return table


def _read(text: str) -> PipelinePartitionProblem:
    return validate(parse(text), PipelinePartitionProblem)


def _size(problem: PipelinePartitionProblem) -> str:
    return f"{len(problem.layers)} layers, {len(problem.devices)} devices"


def _measured(
    problem: PipelinePartitionProblem, methods: tuple[str, ...], limits: Limits
) -> list[Measured]:
    return [measure(problem, _METHODS[name], limits) for name in methods]


def _ratio(slow: Measured, fast: Measured) -> str | None:
    """How many times longer `slow` took; only a lower bound where the limit stopped it."""
    ratio = f"{slow.outcome.wall_ns / fast.outcome.wall_ns:,.0f}"
    stopped = slow.outcome.claim.reason is Reason.TIME_LIMIT
    return None if not fast.proved else ratio if slow.proved else f"> {ratio}" if stopped else None


def _columns(run: Measured) -> dict[str, Cell]:
    name = run.outcome.claim.solver
    return {
        f"{name} end": run.outcome.claim.reason.value,
        f"{name} time_ns": run.outcome.wall_ns,
        f"{name} peak_bytes": run.peak_bytes,
        f"{name} cost_ns": run.outcome.objective,
        f"{name} bound_ns": run.outcome.lower_bound,
    }
