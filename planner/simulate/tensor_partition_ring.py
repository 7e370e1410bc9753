"""A ring of devices that exchange tiles, and where the formula of its layers is a theorem."""

from dataclasses import dataclass

from models.problems.tensor_partition import (
    Member,
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Breakdown
from planner.simulate.flow import PPM

_Ends = tuple[int, int]


@dataclass(frozen=True)
class Ring:
    """Devices in their order, the rows of the tile each starts with, and what a row weighs.

    parts: per device, ns of attention, MLP and one connective part; ends: ppm of attention's and
    MLP's time in tiles, at entry and exit.
    """

    problem: TensorPartitionProblem
    mode: TensorMode
    members: tuple[Member, ...]
    tiles: tuple[int, ...]
    parts: tuple[tuple[int, int, int], ...]
    ends: tuple[_Ends, _Ends]

    @property
    def row_bytes(self) -> int:
        """What is passed on of a row."""
        gathers = self.mode is TensorMode.SEQUENCE
        return self.problem.key_value_bytes if gathers else self.problem.row_bytes

    @property
    def clock(self) -> int:
        """So many ticks are one ns, so that every tile takes whole ticks."""
        return PPM * self.problem.rows if self.tiled else 1

    @property
    def tiled(self) -> bool:
        """Whether devices work on tiles while they exchange others."""
        return any(map(any, self.ends))

    def hop_ns(self, device: int, tile: int) -> int:
        """A tile on its way from a device to the next one, ns."""
        pair = (self.members[device], self.members[(device + 1) % len(self.members)])
        return max(self.problem.step_ns(end, self.tiles[tile], self.row_bytes) for end in pair)


def ring_of(
    problem: TensorPartitionProblem, plan: TensorPartitionPlan, breakdown: Breakdown
) -> Ring:
    """The ring of a plan; breakdown: the verifier's."""
    by_name = {member.name: member for member in problem.devices}
    number = len(plan.shares)
    tiles = [share.rows for share in plan.shares]
    if plan.mode is TensorMode.TENSOR:
        tiles = [(problem.rows + number - 1 - place) // number for place in range(number)]
    return Ring(
        problem=problem,
        mode=plan.mode,
        members=tuple(by_name[share.device] for share in plan.shares),
        tiles=tuple(tiles),
        parts=tuple(
            (int(row["attention_ns"]), int(row["mlp_ns"]), int(row["connective_ns"]) // 2)
            for row in breakdown.rows
        ),
        ends=_ends(problem, plan),
    )


def _ends(problem: TensorPartitionProblem, plan: TensorPartitionPlan) -> tuple[_Ends, _Ends]:
    overlap = problem.overlap
    if overlap is None or plan.mode is not TensorMode.TENSOR_SEQUENCE or len(plan.shares) == 1:
        return (0, 0), (0, 0)
    return (
        (overlap.attention_entry_ppm, overlap.attention_exit_ppm),
        (overlap.mlp_entry_ppm, overlap.mlp_exit_ppm),
    )


def is_exact(ring: Ring) -> bool:
    """Whether the formula is a theorem: some way through a layer takes just what it adds up.

    With equal tiles and one device the slowest at everything, that is this device's own time.
    Without tiles, and where all hops take the same, a collective ends everywhere k-1 hops after the
    last device began, whoever that is; but all-reduces have none between an MLP and what is before.
    """
    number = len(ring.members)
    if number == 1:
        return True
    hops = {(d, q): ring.hop_ns(d, q) for d in range(number) for q in range(number)}
    longest = max(hops.values())
    if min(hops.values()) == longest and not ring.tiled and ring.mode is not TensorMode.TENSOR:
        return True
    amounts = [
        parts if ring.mode is not TensorMode.SEQUENCE else (_whole_layer(parts),)
        for parts in ring.parts
    ]
    slowest = tuple(map(max, zip(*amounts, strict=True)))
    return (
        len(set(ring.tiles)) == 1
        and _nothing_is_rounded(ring, longest)
        and any(
            parts == slowest and longest in (hops[d, 0], hops[d - 1 if d else number - 1, 0])
            for d, parts in enumerate(amounts)
        )
    )


def _whole_layer(parts: tuple[int, int, int]) -> int:
    attention, mlp, connective = parts
    return attention + mlp + 2 * connective


def _nothing_is_rounded(ring: Ring, step_ns: int) -> bool:
    """Whether blocks of equal tiles take whole ns, which the formula rounds up to."""
    for part, ends in enumerate(ring.ends):
        slowest = max(parts[part] for parts in ring.parts)
        tiles = [slowest * ppm * ring.tiles[0] for ppm in ends]
        waiting = sum(max(0, step_ns * ring.clock - tile) for tile in tiles)
        if waiting * (len(ring.members) - 1) % ring.clock:
            return False
    return True
