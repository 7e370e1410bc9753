"""Replay of a tensor partition from the raw instance, in integers and fractions.

Written from the mathematics in models/problems/tensor_partition.py alone; it shares no table with
any solver.
"""

from collections import Counter
from fractions import Fraction
from math import ceil

from models.problems.tensor_partition import (
    Member,
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
    TensorShare,
)
from models.result import Breakdown, Verification, Violation
from models.units import round_half_up


def verify(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> Verification:
    """All violated rules, or else the latency in ns and the parts of every device.

    Rules: mode, unknown-device, device-twice, unused-device, heads, columns, rows, memory.
    """
    violations = _devices(problem, plan)
    if not violations:
        violations = _shares(problem, plan) + _memory(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    rows = tuple(_row(problem, plan, share) for share in plan.shares)
    layer = layer_ns(problem, plan)
    compute = _compute_ns(problem, plan)
    objective = problem.layers * layer
    totals = {
        "latency_ns": objective,
        "layer_ns": layer,
        "waiting_for_transfers_ns": problem.layers * (layer - compute),
    }
    return Verification(
        violations=(), objective=objective, breakdown=Breakdown(rows=rows, totals=totals)
    )


def _devices(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> list[Violation]:
    known = {member.name for member in problem.devices}
    used = Counter(share.device for share in plan.shares)
    found = []
    if plan.mode not in problem.modes:
        found.append(Violation(rule="mode", where=plan.mode))
    found += [Violation(rule="unknown-device", where=name) for name in used if name not in known]
    found += [
        Violation(rule="device-twice", where=name, excess=number - 1, unit="shares")
        for name, number in used.items()
        if number > 1
    ]
    if problem.use_all_devices:
        found += [
            Violation(rule="unused-device", where=member.name)
            for member in problem.devices
            if member.name not in used
        ]
    return found


def _shares(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> list[Violation]:
    """Heads, columns and rows are split where the mode splits them, and whole elsewhere."""
    whole_model = plan.mode is TensorMode.SEQUENCE
    whole_rows = plan.mode is TensorMode.TENSOR
    heads = {share.device: share.heads for share in plan.shares}
    columns = {share.device: share.columns for share in plan.shares}
    rows = {share.device: share.rows for share in plan.shares}
    return [
        *(
            Violation(rule="heads", where=where, excess=excess, unit="heads")
            for where, excess in _off(heads, problem.heads, whole=whole_model)
        ),
        *(
            Violation(rule="columns", where=where, excess=excess, unit="columns")
            for where, excess in _off(columns, problem.columns, whole=whole_model)
        ),
        *(
            Violation(rule="rows", where=where, excess=excess, unit="rows")
            for where, excess in _off(rows, problem.rows, whole=whole_rows)
        ),
    ]


def _off(amounts: dict[str, int], total: int, *, whole: bool) -> list[tuple[str, int]]:
    """Where, and by how much, amounts are not all on every device, or do not sum up to all."""
    if whole:
        return [(name, abs(n - total)) for name, n in amounts.items() if n != total]
    excess = abs(sum(amounts.values()) - total)
    return [("all devices", excess)] if excess else []


def _memory(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> list[Violation]:
    found = []
    for share in plan.shares:
        excess = ceil(weights(problem, share) - _member(problem, share).memory_bytes)
        if excess > 0:
            found.append(Violation(rule="memory", where=share.device, excess=excess, unit="bytes"))
    return found


def weights(problem: TensorPartitionProblem, share: TensorShare) -> Fraction:
    """Bytes of all layers' weights that a share stands for, exactly."""
    attention = Fraction(problem.attention_bytes * share.heads, problem.heads)
    mlp = Fraction(problem.mlp_bytes * share.columns, problem.columns)
    return problem.layers * (attention + mlp)


def _member(problem: TensorPartitionProblem, share: TensorShare) -> Member:
    return next(member for member in problem.devices if member.name == share.device)


def parts_ns(
    problem: TensorPartitionProblem, mode: TensorMode, share: TensorShare
) -> tuple[int, int, int]:
    """MHA, MLP and one connective part of a layer on the device of a share, ns."""
    member = _member(problem, share)
    seen = share.rows if mode is TensorMode.SEQUENCE else problem.rows

    def part(whole_ns: int, portion: Fraction) -> int:
        return member.launch_ns + round_half_up(whole_ns * portion) if portion else 0

    return (
        part(member.attention_ns, Fraction(share.heads * seen, problem.heads * problem.rows)),
        part(member.mlp_ns, Fraction(share.columns * seen, problem.columns * problem.rows)),
        part(member.connective_ns, Fraction(share.rows, problem.rows)),
    )


def _compute_ns(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> int:
    """What one layer takes where every transfer takes no time."""
    parts = [parts_ns(problem, plan.mode, share) for share in plan.shares]
    if plan.mode is TensorMode.SEQUENCE:
        return max(mha + mlp + 2 * con for mha, mlp, con in parts)
    mha, mlp, con = _largest(parts)
    return mha + mlp + 2 * con


def _largest(parts: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """The slowest device of each part."""
    return max(p[0] for p in parts), max(p[1] for p in parts), max(p[2] for p in parts)


def layer_ns(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> int:
    """What one layer takes, ns."""
    mha, mlp, con = _largest([parts_ns(problem, plan.mode, share) for share in plan.shares])
    compute = _compute_ns(problem, plan)
    number = len(plan.shares)
    largest = max(share.rows for share in plan.shares)
    if plan.mode is TensorMode.SEQUENCE:
        return compute + (number - 1) * _step_ns(problem, plan, largest, problem.key_value_bytes)
    if plan.mode is TensorMode.TENSOR:
        tile = ceil(Fraction(problem.rows, number))
        return compute + 4 * (number - 1) * _step_ns(problem, plan, tile, problem.row_bytes)
    step = _step_ns(problem, plan, largest, problem.row_bytes)
    if problem.overlap is None:
        return compute + 4 * (number - 1) * step
    ends = problem.overlap
    attention = (ends.attention_entry_ppm, ends.attention_exit_ppm)
    columns = (ends.mlp_entry_ppm, ends.mlp_exit_ppm)
    blocks = _block(mha, attention, number, step) + _block(mlp, columns, number, step)
    return blocks + 2 * con


def _step_ns(
    problem: TensorPartitionProblem, plan: TensorPartitionPlan, rows: int, row_bytes: int
) -> int:
    members = [_member(problem, share) for share in plan.shares]
    return max(problem.step_ns(member, rows, row_bytes) for member in members)


def _block(compute: int, ends_ppm: tuple[int, int], number: int, step: int) -> int:
    """A block between an all-gather and a reduce-scatter, its ends tile by tile."""
    tiles = [Fraction(compute * ppm, 10**6 * number) for ppm in ends_ppm]
    waiting = sum((max(Fraction(0), step - tile) for tile in tiles), Fraction(0))
    return ceil(compute + (number - 1) * waiting)


def _row(
    problem: TensorPartitionProblem, plan: TensorPartitionPlan, share: TensorShare
) -> dict[str, str | int]:
    mha, mlp, con = parts_ns(problem, plan.mode, share)
    return {
        "device": share.device,
        "mode": plan.mode.value,
        "heads": share.heads,
        "columns": share.columns,
        "rows": share.rows,
        "attention_ns": mha,
        "mlp_ns": mlp,
        "connective_ns": 2 * con,
        "memory_bytes": ceil(weights(problem, share)),
        "memory_limit_bytes": _member(problem, share).memory_bytes,
    }
