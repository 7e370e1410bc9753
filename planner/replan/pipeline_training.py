"""Changes of a training pipeline's devices: some lost, some slower, the old plan in force."""

from fractions import Fraction

from models.devices import Device
from models.problems.pipeline_training import (
    PipelineTrainingPlan,
    PipelineTrainingProblem,
    TrainingLayer,
    TrainingStage,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, check_names, factor_of
from planner.replan.pipeline_partition import unused_type, without


def changed(
    problem: PipelineTrainingProblem,
    plan: PipelineTrainingPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> PipelineTrainingProblem:
    """The changed problem, which remembers the plan; see planner.replan.changed."""
    if ns_per_mib:
        reason = "a training pipeline loads weights between rounds: its moves have no price"
        raise ChangeError(reason, "migration_weight")
    check_names(problem.device_graph, lost, "lost")
    check_names(problem.device_graph, [name for name, _ in slowed], "slowed")
    for name, factor in slowed:
        problem = _slow(problem, name, factor_of(factor))
    graph = without(problem.device_graph, lost)
    fields = problem.model_dump() | {
        "device_graph": graph.model_dump(),
        "previous": tuple(stage.model_dump() for stage in plan.stages),
    }
    return PipelineTrainingProblem.model_validate(fields)


def moves(
    problem: PipelineTrainingProblem, before: PipelineTrainingPlan, after: PipelineTrainingPlan
) -> tuple[Move, ...]:
    """Weights that each device has to load, from a device that held them where one is left.

    Optimiser states go with their weights and are not counted.
    """
    left = {device.name for device in problem.devices}
    old = {
        name: set().union(*(range(s.start, s.stop) for s in before.stages if name in _names(s)))
        for name in sorted({name for stage in before.stages for name in _names(stage)})
    }
    found = []
    for stage in after.stages:
        for name in _names(stage):
            fresh = [n for n in range(stage.start, stage.stop) if n not in old.get(name, set())]
            sources = {n: _source(n, old, left) for n in fresh}
            for source in dict.fromkeys(sources.values()):
                loaded = [n for n in fresh if sources[n] == source]
                size = sum(problem.chain[n].weight_bytes for n in loaded)
                found.append(Move(_told(loaded), source, name, size))
    return tuple(found)


def _names(stage: TrainingStage) -> list[str]:
    return [share.device for share in stage.shares]


def _source(layer: int, old: dict[str, set[int]], left: set[str]) -> str | None:
    """A device that is left and held the layer, None where a copy has to come from outside."""
    return next((name for name, held in old.items() if layer in held and name in left), None)


def _told(layers: list[int]) -> str:
    if len(layers) == 1:
        return f"layer {layers[0]}"
    return f"layers {layers[0]} to {layers[-1]}"


def _slow(problem: PipelineTrainingProblem, name: str, factor: Fraction) -> PipelineTrainingProblem:
    """One device `factor` times slower: its times under a type of its own."""
    used = {d.profile_type for d in problem.devices}
    kind = unused_type(name, used | {k for layer in problem.layers for k in layer.forward_ns})
    devices = tuple(
        _slower(device, kind, factor) if device.name == name else device
        for device in problem.devices
    )
    was = next(d.profile_type for d in problem.devices if d.name == name)
    layers = tuple(_with_type(layer, was, kind, factor) for layer in problem.layers)
    graph = problem.device_graph.model_copy(update={"devices": devices})
    return problem.model_copy(update={"device_graph": graph, "layers": layers})


def _slower(device: Device, kind: str, factor: Fraction) -> Device:
    overhead = round_half_up(device.launch_overhead_ns * factor)
    return device.model_copy(update={"type": kind, "launch_overhead_ns": overhead})


def _with_type(layer: TrainingLayer, was: str, kind: str, factor: Fraction) -> TrainingLayer:
    slower = {kind: round_half_up(layer.forward_ns[was] * factor)}
    return layer.model_copy(update={"forward_ns": layer.forward_ns | slower})
