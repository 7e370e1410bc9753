"""Galaxy's planner, and the equal splits of Megatron-LM and of sequence parallelism.

Galaxy (Ye et al., 2024, Algorithm 1): heads and columns in proportion to the devices' speed, rows
alike; what does not fit moves to devices with room, MLP columns first, then heads.
"""

from collections.abc import Sequence
from fractions import Fraction

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import Progress
from solvers.heuristic.pipeline_partition_shares import largest_remainder
from solvers.tables.tensor_partition import Split, Tables, build

_Problem = TensorPartitionProblem
_Plan = TensorPartitionPlan


class Galaxy:
    """In proportion to speed, what overflows to devices with room."""

    name = "galaxy"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """Galaxy's plan, or none where its moves do not make room."""
        tables = build(problem)
        return _claim(self.name, tables, TensorMode.TENSOR_SEQUENCE, galaxy(tables))


class MegatronEven:
    """Equal heads and columns, every device all rows."""

    name = "megatron-even"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """The equal split, or none where a device does not hold its part."""
        tables = build(problem)
        heads, columns = (_alike(tables, n) for n in (problem.heads, problem.columns))
        pairs = zip(heads, columns, strict=True)
        shares = {d: (a, b, problem.rows) for d, (a, b) in enumerate(pairs)}
        return _claim(self.name, tables, TensorMode.TENSOR, shares)


class SequenceEven:
    """The whole model on every device, equal rows."""

    name = "sequence-even"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """The equal split, or none where a device does not hold the model."""
        tables = build(problem)
        rows = enumerate(_alike(tables, problem.rows))
        shares = {d: (problem.heads, problem.columns, r) for d, r in rows}
        return _claim(self.name, tables, TensorMode.SEQUENCE, shares)


def _claim(
    name: str, tables: Tables, mode: TensorMode, shares: dict[int, Split] | None
) -> Claim[_Plan]:
    if mode not in tables.problem.modes:
        return Claim(name, Reason.HEURISTIC, detail=f"the problem has no mode {mode}")
    if shares is None or not tables.fits(shares):
        return Claim(name, Reason.HEURISTIC, detail="a device does not hold its share")
    return Claim(name, Reason.HEURISTIC, tables.plan(mode, shares))


def _alike(tables: Tables, total: int) -> list[int]:
    return largest_remainder(total, [Fraction(1)] * tables.devices)


def galaxy(tables: Tables) -> dict[int, Split] | None:
    """Galaxy's shares on all devices, None where what overflows finds no room."""
    problem = tables.problem
    speeds = [Fraction(1, max(1, m.attention_ns + m.mlp_ns)) for m in problem.devices]
    heads = largest_remainder(problem.heads, speeds)
    columns = _filled(problem.columns, speeds, _rooms(tables, heads))
    if columns is None:
        # No columns to spare: heads move too, where memory without columns is what limits them.
        caps = [int((row >= 0).sum()) - 1 for row in tables.room]
        moved = _filled(problem.heads, speeds, caps)
        heads = heads if moved is None else moved
        columns = _filled(problem.columns, speeds, _rooms(tables, heads))
    if columns is None:
        return None
    rows = _alike(tables, problem.rows)
    return dict(enumerate(zip(heads, columns, rows, strict=True)))


def _rooms(tables: Tables, heads: Sequence[int]) -> list[int]:
    return [int(tables.room[d, a]) for d, a in enumerate(heads)]


def _filled(total: int, speeds: Sequence[Fraction], caps: Sequence[int]) -> list[int] | None:
    """Shares in proportion to speed; what is above a cap moves to the others, until all fits."""
    if min(caps) < 0 or sum(caps) < total:
        return None
    shares = [0] * len(caps)
    free = list(range(len(caps)))
    while True:
        left = total - sum(s for d, s in enumerate(shares) if d not in free)
        for d, share in zip(free, largest_remainder(left, [speeds[d] for d in free]), strict=True):
            shares[d] = share
        over = [d for d in free if shares[d] > caps[d]]
        if not over:
            return shares
        for d in over:
            shares[d] = caps[d]
        free = [d for d in free if d not in over]
