"""Integer tables of a tensor partition, shared by its methods."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np
import numpy.typing as npt

from models.problems.tensor_partition import (
    Member,
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
    TensorShare,
)
from models.units import round_half_up
from solvers.tables.kept import kept

Ints = npt.NDArray[np.int64]
# A share of a device: heads, blocks of columns, rows.
Split = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Tables:
    """Times and rooms by device and amount; n devices, h heads, m blocks, s rows.

    attention: [n, h + 1], mlp: [n, m + 1], connective: [n, s + 1] ns of the parts for all rows
    (of the connective part for that many); whole: [n, s + 1] ns of a layer of the mode sequence;
    step, gather: [n, s + 1] ns of a step with that many rows, of keys and values in `gather`;
    room: [n, h + 1] blocks that fit beside that many heads, -1 where these do not fit;
    classes: devices that are equal in everything, each a row of indices.
    """

    problem: TensorPartitionProblem
    attention: Ints
    mlp: Ints
    connective: Ints
    whole: Ints
    step: Ints
    gather: Ints
    room: Ints
    classes: tuple[tuple[int, ...], ...]

    @property
    def devices(self) -> int:
        """N."""
        return len(self.room)

    def block_ns(self, which: str, compute: int, number: int, step: int) -> int:
        """A block between an all-gather and a reduce-scatter; which: "attention" or "mlp"."""
        ends = self.problem.overlap
        if ends is None:
            return compute + 2 * (number - 1) * step
        scale = 10**6 * number
        shares = (getattr(ends, f"{which}_entry_ppm"), getattr(ends, f"{which}_exit_ppm"))
        waiting: int = sum(max(0, step * scale - compute * share) for share in shares)
        return compute - (-(number - 1) * waiting // scale)

    def layer_ns(self, mode: TensorMode, shares: dict[int, Split]) -> int:
        """One layer under these shares, ns."""
        number = len(shares)
        largest = max(rows for _, _, rows in shares.values())
        if mode is TensorMode.SEQUENCE:
            work = max(int(self.whole[d, rows]) for d, (_, _, rows) in shares.items())
            return work + (number - 1) * max(int(self.gather[d, largest]) for d in shares)
        mha = max(int(self.attention[d, heads]) for d, (heads, _, _) in shares.items())
        mlp = max(int(self.mlp[d, columns]) for d, (_, columns, _) in shares.items())
        con = max(int(self.connective[d, rows]) for d, (_, _, rows) in shares.items())
        if mode is TensorMode.TENSOR:
            tile = -(-self.problem.rows // number)
            step = max(int(self.step[d, tile]) for d in shares)
            return mha + mlp + 2 * con + 4 * (number - 1) * step
        step = max(int(self.step[d, largest]) for d in shares)
        blocks = self.block_ns("attention", mha, number, step)
        return blocks + self.block_ns("mlp", mlp, number, step) + 2 * con

    def fits(self, shares: dict[int, Split]) -> bool:
        """Whether the weights fit."""
        return all(self.room[d, heads] >= columns for d, (heads, columns, _) in shares.items())

    def plan(self, mode: TensorMode, shares: dict[int, Split]) -> TensorPartitionPlan:
        """The shares as a plan, devices in the order of the document."""
        return TensorPartitionPlan(
            mode=mode,
            shares=tuple(
                TensorShare(
                    device=self.problem.devices[d].name, heads=heads, columns=columns, rows=rows
                )
                for d, (heads, columns, rows) in sorted(shares.items())
            ),
        )

    def shares(self, plan: TensorPartitionPlan) -> dict[int, Split] | None:
        """The shares of a plan, None where it breaks a rule."""
        index = {member.name: number for number, member in enumerate(self.problem.devices)}
        if any(share.device not in index for share in plan.shares):
            return None
        found = {index[s.device]: (s.heads, s.columns, s.rows) for s in plan.shares}
        complete = len(found) == len(plan.shares) and plan.mode in self.problem.modes
        if self.problem.use_all_devices and len(found) < self.devices:
            return None
        kept_to = complete and self._divides(plan.mode, found) and self.fits(found)
        return found if kept_to else None

    def _divides(self, mode: TensorMode, shares: dict[int, Split]) -> bool:
        """Whether heads, columns and rows are split or whole as the mode says."""
        if not shares:
            return False
        problem, sequence = self.problem, mode is TensorMode.SEQUENCE
        heads, columns, rows = map(set, zip(*shares.values(), strict=True))
        if sequence:
            weights = heads == {problem.heads} and columns == {problem.columns}
        else:
            totals = [sum(part) for part in zip(*shares.values(), strict=True)]
            weights = totals[:2] == [problem.heads, problem.columns]
        if mode is TensorMode.TENSOR:
            return weights and rows == {problem.rows}
        return weights and sum(split[2] for split in shares.values()) == problem.rows


@kept
def build(problem: TensorPartitionProblem) -> Tables:
    """The tables of a problem."""
    heads, columns, rows = problem.heads, problem.columns, problem.rows
    members = problem.devices

    def parts(field: str, most: int) -> Ints:
        return np.array(
            [[_part(m, getattr(m, field), n, most) for n in range(most + 1)] for m in members],
            dtype=np.int64,
        )

    def steps(row_bytes: int) -> Ints:
        return np.array(
            [[problem.step_ns(m, n, row_bytes) for n in range(rows + 1)] for m in members],
            dtype=np.int64,
        )

    connective = parts("connective_ns", rows)
    seen = parts("attention_ns", rows) + parts("mlp_ns", rows)
    return Tables(
        problem,
        parts("attention_ns", heads),
        parts("mlp_ns", columns),
        connective,
        seen + 2 * connective,
        steps(problem.row_bytes),
        steps(problem.key_value_bytes),
        np.array([_rooms(problem, member) for member in members], dtype=np.int64),
        _classes(members),
    )


def _part(member: Member, whole_ns: int, amount: int, most: int) -> int:
    return member.launch_ns + round_half_up(Fraction(whole_ns * amount, most)) if amount else 0


def _rooms(problem: TensorPartitionProblem, member: Member) -> list[int]:
    """Blocks of columns that fit beside 0, 1, ... heads; -1 where the heads do not fit."""
    found = []
    for heads in range(problem.heads + 1):
        held = problem.layers * Fraction(problem.attention_bytes * heads, problem.heads)
        left = member.memory_bytes - held
        block = Fraction(problem.layers * problem.mlp_bytes, problem.columns)
        if left < 0:
            found.append(-1)
        else:
            found.append(problem.columns if not block else min(problem.columns, int(left / block)))
    return found


def _classes(members: Sequence[Member]) -> tuple[tuple[int, ...], ...]:
    alike: dict[Member, list[int]] = {}
    for index, member in enumerate(members):
        alike.setdefault(member.model_copy(update={"name": "any"}), []).append(index)
    return tuple(tuple(indices) for indices in alike.values())


def least_tile(tables: Tables, number: int) -> int:
    """The least largest share of rows among so many devices."""
    return ceil(Fraction(tables.problem.rows, number))
