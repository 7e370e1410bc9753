"""Explanations of pipeline problems, by solving them with rules left out.

Exact methods decide each variant, so what is said here is proved: a set of rules is called a
conflict when the problem is infeasible with them, and smallest when it is feasible without any one
of them. What time did not settle is said to be unsettled.
"""

from itertools import pairwise

from models.problems.pipeline_partition import PipelinePartitionPlan, Stage
from models.problems.pipeline_partition import PipelinePartitionProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Clock, Optimum
from planner.explain.conflict import conflict
from planner.explain.pipeline_partition_repairs import repairs
from planner.explain.pipeline_partition_rules import (
    any_plan_will_do,
    rules,
    whole_model_bytes,
    without,
)
from planner.explain.price import known_with_plan, price, standing
from planner.explain.words import few
from planner.verify.pipeline_partition import memory_bytes

_UNIT = "ns"
_NAMES = {
    "links": "the lack of links",
    "source_device": "source_device, with return_hop,",
}


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """The conflict and its repairs; see the module."""
    devices, layers = len(problem.devices), len(problem.layers)
    if problem.use_all_devices and devices > layers:
        return (
            f"{devices} devices cannot all take part: the model has only "
            f"{format_quantity(layers, 'layers')}; leave use_all_devices out",
        )
    clock = Clock(time_limit_ns)
    simple, whole = any_plan_will_do(problem), rules(problem)
    found = conflict(
        whole,
        lambda kept: clock.feasible(without(simple, [r for r in whole if r not in kept])),
    )
    lines = [found.line()]
    if "memory" in found.rules:
        lines.append(_room(problem))
    return (*lines, *repairs(problem, found.rules, clock))


def _room(problem: Problem) -> str:
    """The model's need beside the memory there is."""
    needed = whole_model_bytes(problem)
    there = sum(device.memory_bytes for device in problem.devices)
    need, room = format_quantity(needed, "bytes"), format_quantity(there, "bytes")
    count = len(problem.devices)
    have = "the device has" if count == 1 else f"the {count} devices together have"
    if there < needed:
        return f"the model needs {need}: {have} {room}"
    return f"{have} {room} for the {need} of the model, but no allowed cut fits"


def binding(
    problem: Problem, plan: PipelinePartitionPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, its bottleneck, where memory binds, what each rule costs."""
    clock = Clock(time_limit_ns)
    present = rules(problem)
    here = known_with_plan(clock.optimum(problem, 1 + len(present)), verdict)
    lines = [standing(verdict, here, _UNIT)]
    lines.append(_longest_step(verdict.breakdown.rows, overlap=problem.overlap))
    lines += _tight_memory(problem, plan)
    for asked, rule in enumerate(present):
        other = clock.optimum(without(problem, [rule]), len(present) - asked)
        if rule == "links":  # real ones take time, so that they save less than this
            other = Optimum(low=other.low)
        lines.append(price(_name(problem, rule), here, other, _UNIT))
    return tuple(lines)


def _name(problem: Problem, rule: str) -> str:
    """A rule as the subject of what it costs."""
    if rule == "source_device" and not problem.return_hop:
        return rule
    return _NAMES.get(rule, rule)


def _longest_step(rows: tuple[dict[str, str | int], ...], *, overlap: bool) -> str:
    """What the period waits for; where nothing overlaps, a device's computing and sending."""
    steps: list[tuple[int, str]] = []
    for row in rows:
        work, sent = int(row["compute_ns"]), int(row["transfer_ns"])
        computing = f"computing on {row['device']}"
        to = f"to {row['sends_to']}"
        if not row["sends_to"]:
            steps.append((work, computing))
        elif overlap:
            steps += [(work, computing), (sent, f"sending from {row['device']} {to}")]
        else:
            steps.append((work + sent, f"{computing} and sending {to}"))
    longest, what = max(steps, key=lambda step: step[0])
    return f"the longest step is {what}: {format_quantity(longest, _UNIT)} per unit"


def _tight_memory(problem: Problem, plan: PipelinePartitionPlan) -> list[str]:
    """Stages whose device could not take over one layer of a neighbour, by what they lack."""
    lacking: dict[int, list[str]] = {}
    room = {device.name: device.memory_bytes for device in problem.devices}
    for before, after in pairwise(plan.stages):
        for stage in (
            Stage(device=before.device, start=before.start, stop=before.stop + 1),
            Stage(device=after.device, start=after.start - 1, stop=after.stop),
        ):
            extra = memory_bytes(problem, stage) - room[stage.device]
            if extra > 0:
                lacking.setdefault(extra, []).append(stage.device)
    return [
        f"memory binds on {few(list(dict.fromkeys(names)))}: one layer more needs "
        f"{format_quantity(extra, 'bytes')} more"
        for extra, names in lacking.items()
    ]
