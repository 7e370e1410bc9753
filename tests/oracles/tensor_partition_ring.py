"""A pass of a tensor partition by recursion: when each device is done, step by step.

A step is work on every device and, in a ring's, a hop from every device to the next one beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from planner.verify.tensor_partition import parts_ns


@dataclass(frozen=True)
class Step:
    """work, hops: per device, in ns; no hops where nothing is passed on."""

    work: Sequence[Fraction | int]
    hops: Sequence[int] = ()


def took(problem: TensorPartitionProblem, plan: TensorPartitionPlan, *, all_wait: bool) -> int:
    """A pass in ns, rounded up; all_wait: every step begins everywhere when the last one ended."""
    at: list[Fraction | int] = [0] * len(plan.shares)
    for step in _layer(problem, plan) * problem.layers:
        ends = [begin + work for begin, work in zip(at, step.work, strict=True)]
        for device, hop in enumerate(step.hops):
            then = (device + 1) % len(at)
            arrives = max(at[device], at[then]) + hop
            ends[device], ends[then] = max(ends[device], arrives), max(ends[then], arrives)
        at = [max(ends)] * len(at) if all_wait else ends
    return ceil(max(at))


def tile_ppm(problem: TensorPartitionProblem, mode: TensorMode) -> tuple[tuple[int, int], ...]:
    """Of attention and of MLP: ppm of its time in tiles at entry and exit."""
    overlap = problem.overlap
    if overlap is None or mode is not TensorMode.TENSOR_SEQUENCE:
        return (0, 0), (0, 0)
    return (
        (overlap.attention_entry_ppm, overlap.attention_exit_ppm),
        (overlap.mlp_entry_ppm, overlap.mlp_exit_ppm),
    )


def _layer(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> list[Step]:
    """All steps of a layer in their order."""
    size = len(plan.shares)
    parts = [parts_ns(problem, plan.mode, share) for share in plan.shares]
    attention, mlp, connective = ([of[part] for of in parts] for part in range(3))
    gathers = [_hops(problem, plan, step) for step in range(size - 1)]
    scatters = [_hops(problem, plan, step) for step in range(1, size)]
    nothing = [0] * size
    found = []
    if plan.mode is TensorMode.SEQUENCE:
        whole_layer = [a + b + 2 * c for a, b, c in parts]
        return [*(Step(nothing, hops) for hops in gathers), Step(whole_layer)]
    for whole, ends in zip((attention, mlp), tile_ppm(problem, plan.mode), strict=True):
        if plan.mode is TensorMode.TENSOR_SEQUENCE:
            rows = [Fraction(share.rows, problem.rows) for share in plan.shares]
            entry = [
                [whole[d] * rows[(d - step) % size] * ends[0] / 10**6 for d in range(size)]
                for step in range(size - 1)
            ]
            leaving = [
                [whole[d] * rows[(d - step - 1) % size] * ends[1] / 10**6 for d in range(size)]
                for step in range(1, size)
            ]
            beside = [sum(column) for column in zip(nothing, *entry, *leaving, strict=True)]
            found += [Step(work, hops) for work, hops in zip(entry, gathers, strict=True)]
            found.append(Step([a - b for a, b in zip(whole, beside, strict=True)]))
            found += [Step(work, hops) for work, hops in zip(leaving, scatters, strict=True)]
        else:
            found.append(Step(whole))
        if plan.mode is TensorMode.TENSOR:
            found += [Step(nothing, hops) for hops in scatters + gathers]
        found.append(Step(connective))
    return found


def _hops(problem: TensorPartitionProblem, plan: TensorPartitionPlan, step: int) -> list[int]:
    """What each device passes on takes, the tile that began so many steps before it."""
    by_name = {member.name: member for member in problem.devices}
    size = len(plan.shares)
    rows, row_bytes = [share.rows for share in plan.shares], problem.row_bytes
    if plan.mode is TensorMode.TENSOR:
        rows = [len(range(place, problem.rows, size)) for place in range(size)]
    elif plan.mode is TensorMode.SEQUENCE:
        row_bytes = problem.key_value_bytes
    ways = [by_name[share.device] for share in plan.shares]
    return [
        max(
            problem.step_ns(end, rows[(place - step) % size], row_bytes)
            for end in (ways[place], ways[(place + 1) % size])
        )
        for place in range(size)
    ]
