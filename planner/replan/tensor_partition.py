"""Changes of a group's devices: some lost, some slower; what weights move."""

from math import ceil

from models.problems.tensor_partition import (
    Member,
    TensorPartitionPlan,
    TensorPartitionProblem,
    TensorShare,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, factor_of
from planner.verify.tensor_partition import weights


def changed(
    problem: TensorPartitionProblem,
    _plan: TensorPartitionPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> TensorPartitionProblem:
    """The group without the lost devices and with others slower; see planner.replan.changed."""
    if ns_per_mib:
        raise ChangeError("the moves of a group have no price", "migration_weight")
    members = {member.name: member for member in problem.devices}
    for about, names in (("lost", lost), ("slowed", tuple(name for name, _ in slowed))):
        for name in names:
            if name not in members:
                raise ChangeError(f"there is no device '{name}'", about)
    for name, factor in slowed:
        members[name] = _slower(members[name], factor)
    left = tuple(member for name, member in members.items() if name not in lost)
    if not left:
        raise ChangeError("no device is left", "lost")
    return TensorPartitionProblem(**dict(problem) | {"devices": left})


def moves(
    problem: TensorPartitionProblem, before: TensorPartitionPlan, after: TensorPartitionPlan
) -> tuple[Move, ...]:
    """Heads and columns that a device has more than before; from whom is not told."""
    old = {share.device: share for share in before.shares}
    found = []
    for share in after.shares:
        had = old.get(share.device)
        heads = share.heads - (had.heads if had else 0)
        columns = share.columns - (had.columns if had else 0)
        gained = TensorShare(
            device=share.device, heads=max(0, heads), columns=max(0, columns), rows=0
        )
        size = ceil(weights(problem, gained))
        if size:
            what = f"{gained.heads} heads, {gained.columns} blocks of columns"
            found.append(Move(what, None, share.device, size))
    return tuple(found)


def _slower(member: Member, text: str) -> Member:
    factor = factor_of(text)
    fields = ("attention_ns", "mlp_ns", "connective_ns", "launch_ns")
    times = {field: round_half_up(getattr(member, field) * factor) for field in fields}
    return member.model_copy(update=times)
