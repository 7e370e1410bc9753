"""Replay of a hybrid training pipeline from the raw instance: every rule, step and byte.

Written from the mathematics in models/problems/pipeline_training.py alone; it shares no table with
any solver.
"""

from collections import Counter
from fractions import Fraction
from itertools import pairwise

from models.problems.pipeline_training import (
    PipelineTrainingPlan,
    PipelineTrainingProblem,
    Share,
    TrainingLayer,
    TrainingStage,
)
from models.result import Breakdown, Verification, Violation
from models.units import round_half_up


def verify(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> Verification:
    """All violated rules, or else the round in ns and a row per device.

    Rules: unknown-device, device-twice, unused-device, layers, samples, memory, no-link.
    """
    violations = _devices(problem, plan) + _layers(problem, plan)
    if not violations:
        violations = _samples(problem, plan) + _memory(problem, plan) + _links(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    computing = rounds_ns(problem, steps_ns(problem, plan))
    reduces = [all_reduce_ns(problem, stage) for stage in plan.stages]
    round_ns = computing + max(reduces)
    rows = tuple(
        _row(problem, plan, number, share)
        for number, stage in enumerate(plan.stages)
        for share in stage.shares
    )
    totals = {
        "round_ns": round_ns,
        "pipeline_ns": computing,
        "all_reduce_ns": max(reduces),
        "samples": problem.samples * problem.micro_batches,
    }
    return Verification(
        violations=(), objective=round_ns, breakdown=Breakdown(rows=rows, totals=totals)
    )


def _devices(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[Violation]:
    known = {device.name for device in problem.devices}
    used = Counter(share.device for stage in plan.stages for share in stage.shares)
    found = [Violation(rule="unknown-device", where=name) for name in used if name not in known]
    found += [
        Violation(rule="device-twice", where=name, excess=number - 1, unit="places")
        for name, number in used.items()
        if number > 1
    ]
    if problem.use_all_devices:
        idle = [device.name for device in problem.devices if device.name not in used]
        found += [Violation(rule="unused-device", where=name) for name in idle]
    return found


def _layers(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[Violation]:
    """Stages follow one another without gaps, from the first layer to the last, none empty."""
    ends = [0, *(stage.stop for stage in plan.stages)]
    found = []
    for number, (stage, begin) in enumerate(zip(plan.stages, ends, strict=False)):
        if stage.start != begin or stage.stop <= stage.start:
            where = f"stages/{number}: layers {stage.start} to {stage.stop} after {begin}"
            found.append(Violation(rule="layers", where=where))
    if ends[-1] != len(problem.chain):
        missing = len(problem.chain) - ends[-1]
        where = "the last stage"
        found.append(Violation(rule="layers", where=where, excess=abs(missing), unit="layers"))
    return found


def _samples(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[Violation]:
    found = []
    for number, stage in enumerate(plan.stages):
        excess = abs(sum(share.samples for share in stage.shares) - problem.samples)
        if excess:
            where = f"stages/{number}"
            found.append(Violation(rule="samples", where=where, excess=excess, unit="samples"))
    return found


def held(problem: PipelineTrainingProblem, stage: TrainingStage) -> tuple[TrainingLayer, ...]:
    """The layers of a stage."""
    return problem.chain[stage.start : stage.stop]


def memory_bytes(
    problem: PipelineTrainingProblem, stage: TrainingStage, share: Share, from_end: int
) -> int:
    """What a device of the stage fills; from_end: 1 for the last stage."""
    layers = held(problem, stage)
    weights = sum(layer.weight_bytes for layer in layers)
    activations = sum(layer.activation_bytes for layer in layers)
    kept = (2 * from_end - 1) * share.samples * activations
    return (1 + problem.state_copies) * weights + kept


def _memory(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[Violation]:
    room = {device.name: device.memory_bytes for device in problem.devices}
    found = []
    for number, stage in enumerate(plan.stages):
        for share in stage.shares:
            used = memory_bytes(problem, stage, share, len(plan.stages) - number)
            if used > room[share.device]:
                excess = used - room[share.device]
                found.append(
                    Violation(rule="memory", where=share.device, excess=excess, unit="bytes")
                )
    return found


def _links(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[Violation]:
    pairs = [
        pair
        for stage, after in pairwise(plan.stages)
        for d in stage.shares
        for e in after.shares
        for pair in ((d.device, e.device), (e.device, d.device))
    ]
    pairs += [pair for stage in plan.stages for pair in _pairs(stage)]
    return [
        Violation(rule="no-link", where=f"{source} -> {target}")
        for source, target in pairs
        if problem.device_graph.rate(source, target) is None
    ]


def _pairs(stage: TrainingStage) -> list[tuple[str, str]]:
    names = [share.device for share in stage.shares]
    return [(d, e) for d in names for e in names if d != e]


def steps_ns(problem: PipelineTrainingProblem, plan: PipelineTrainingPlan) -> list[int]:
    """Both directions of every step, execution and communication in turn, ns."""
    found = [sum(execution_ns(problem, plan.stages[0]))]
    for stage, after in pairwise(plan.stages):
        found += [
            sum(communication_ns(problem, stage, after)),
            sum(execution_ns(problem, after)),
        ]
    return found


def forward_ns(problem: PipelineTrainingProblem, stage: TrainingStage, share: Share) -> int:
    """A device's samples of one micro-batch forwards through its stage, ns."""
    device = problem.device_graph.device(share.device)
    if device is None:
        raise ValueError(f"there is no device '{share.device}'")
    layers = held(problem, stage)
    per_sample = sum(layer.forward_ns[device.profile_type] for layer in layers)
    return device.launch_overhead_ns * len(layers) + share.samples * per_sample


def backward_ns(problem: PipelineTrainingProblem, forward: int) -> int:
    """What goes back, by what went forwards, ns."""
    return round_half_up(Fraction(forward * problem.backward_ppm, 10**6))


def execution_ns(problem: PipelineTrainingProblem, stage: TrainingStage) -> tuple[int, int]:
    """One micro-batch forwards and backwards through a stage, ns."""
    forward = max(forward_ns(problem, stage, share) for share in stage.shares)
    return forward, backward_ns(problem, forward)


def communication_ns(
    problem: PipelineTrainingProblem, stage: TrainingStage, after: TrainingStage
) -> tuple[int, int]:
    """Activations to the stage behind, and gradients back, ns; all links are there."""
    size = problem.chain[stage.stop - 1].output_bytes * problem.samples
    pairs = [(d.device, e.device) for d in stage.shares for e in after.shares]
    there = max(problem.transfer_ns(d, e, size) or 0 for d, e in pairs)
    back = max(problem.transfer_ns(e, d, size) or 0 for d, e in pairs)
    return there, back


def rounds_ns(problem: PipelineTrainingProblem, steps: list[int]) -> int:
    """The longest of M times a step and all steps before it, ns."""
    return max(problem.micro_batches * step + sum(steps[:c]) for c, step in enumerate(steps))


def all_reduce_ns(problem: PipelineTrainingProblem, stage: TrainingStage) -> int:
    """The group's gradients averaged on a ring, ns; 0 for one device."""
    number = len(stage.shares)
    weights = sum(layer.weight_bytes for layer in held(problem, stage))
    chunk = -(-weights // number)
    slowest = max((problem.transfer_ns(d, e, chunk) or 0 for d, e in _pairs(stage)), default=0)
    return 2 * (number - 1) * slowest


def _row(
    problem: PipelineTrainingProblem, plan: PipelineTrainingPlan, number: int, share: Share
) -> dict[str, str | int]:
    """A device: its stage, its own times, and what its stage exchanges with the one behind it."""
    stage, last = plan.stages[number], number == len(plan.stages) - 1
    sent = (0, 0) if last else communication_ns(problem, stage, plan.stages[number + 1])
    forward = forward_ns(problem, stage, share)
    return {
        "device": share.device,
        "stage": number + 1,
        "first": stage.start,
        "layers": stage.stop - stage.start,
        "samples": share.samples,
        "forward_ns": forward,
        "backward_ns": backward_ns(problem, forward),
        "sends_ns": sent[0],
        "returns_ns": sent[1],
        "all_reduce_ns": all_reduce_ns(problem, stage),
        "memory_bytes": memory_bytes(problem, stage, share, len(plan.stages) - number),
    }
