"""Changes of a prompt's devices, and which devices have to load other layers.

Moving weights has no price here: what is replanned is for the time after the move. The plan in
force is not remembered by the changed problem; moves() compares the two.
"""

from fractions import Fraction

from models.problems.sequence_pipeline import (
    LayerTimes,
    SequencePipelinePlan,
    SequencePipelineProblem,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, check_names, factor_of
from planner.replan.pipeline_partition import layer_moves, unused_type, without


def changed(
    problem: SequencePipelineProblem,
    _plan: SequencePipelinePlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> SequencePipelineProblem:
    """The problem without the lost devices and with others slower; see planner.replan.changed."""
    if ns_per_mib:
        reason = "the time of a request does not count moves: they have no price"
        raise ChangeError(reason, "migration_weight")
    check_names(problem.device_graph, lost, "lost")
    check_names(problem.device_graph, [name for name, _ in slowed], "slowed")
    for name, factor in slowed:
        problem = _slow(problem, name, factor_of(factor))
    order = problem.device_order
    fields = problem.model_dump() | {
        "device_graph": without(problem.device_graph, lost).model_dump(),
        "device_order": order and tuple(name for name in order if name not in lost),
    }
    return SequencePipelineProblem.model_validate(fields)


def moves(
    problem: SequencePipelineProblem, before: SequencePipelinePlan, after: SequencePipelinePlan
) -> tuple[Move, ...]:
    """Runs of layers that change from one device to another; see planner.replan.moves."""
    return layer_moves(problem.layers, before.stages, after.stages)


def _slow(problem: SequencePipelineProblem, name: str, factor: Fraction) -> SequencePipelineProblem:
    """One device `factor` times slower: its times under a type of its own."""
    graph = problem.device_graph
    kind = unused_type(name, {*problem.times, *(d.profile_type for d in graph.devices)})
    old = next(device.profile_type for device in graph.devices if device.name == name)
    devices = tuple(
        device.model_copy(update={"type": kind}) if device.name == name else device
        for device in graph.devices
    )
    slower = {
        layer: LayerTimes(**{key: round_half_up(ns * factor) for key, ns in times})
        for layer, times in problem.times[old].items()
    }
    return problem.model_copy(
        update={
            "device_graph": graph.model_copy(update={"devices": devices}),
            "times": {**problem.times, kind: slower},
        }
    )
