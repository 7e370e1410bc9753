"""The best split over one given group of devices, by bisection on its maxima.

Heads and blocks of columns hang together by memory alone: with a ceiling C on max MHA and one on
max MLP, device d may have up to A_d heads and B_d blocks, and

    most(j) = max over a ≤ A_d of most(j - a) + min(B_d, room_d(a))

over devices one by one says how many blocks fit beside j heads (the rooms are rounded down, so that
no closed form does). The pairs of ceilings that admit h heads and m blocks have a staircase of
least pairs; each step of it is found by bisection over the values that the times take. Rows have a
staircase of their own, of the largest share of rows against max CON. A layer's time grows with each
of these four, so that the best split is a pair of steps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.problems.tensor_partition import TensorMode
from solvers.base import Stopwatch
from solvers.tables.tensor_partition import Ints, Split, Tables, least_tile

_NONE = -(2**40)
_ENDLESS = 2**62


class OutOfTimeError(Exception):
    """The stopwatch expired."""


@dataclass(frozen=True)
class Group:
    """Some devices, and what they can take under ceilings."""

    tables: Tables
    members: tuple[int, ...]
    watch: Stopwatch

    @property
    def number(self) -> int:
        """How many devices."""
        return len(self.members)

    @cached_property
    def _attention_values(self) -> Ints:
        return np.unique(self.tables.attention[list(self.members)])

    @cached_property
    def _mlp_values(self) -> Ints:
        return np.unique(self.tables.mlp[list(self.members)])

    def step_ns(self, rows: int) -> int:
        """A step with so many rows, ns."""
        return int(self.tables.step[list(self.members), rows].max())

    def gather_ns(self, rows: int) -> int:
        """A step with the keys and values of so many rows, ns."""
        return int(self.tables.gather[list(self.members), rows].max())

    def _up_to(self, table: Ints, device: int, ceiling: int) -> int:
        return int(np.searchsorted(table[device], ceiling, side="right")) - 1

    def _most_blocks(self, attention: int, mlp: int) -> list[Ints]:
        """[devices + 1][h + 1] blocks beside j heads on the first devices, under two ceilings."""
        if self.watch.expired():
            raise OutOfTimeError
        heads = self.tables.problem.heads
        best = np.full(heads + 1, _NONE, dtype=np.int64)
        best[0] = 0
        found = [best]
        for device in self.members:
            taken = np.minimum(self.tables.room[device], self._up_to(self.tables.mlp, device, mlp))
            after = np.full(heads + 1, _NONE, dtype=np.int64)
            for a in range(self._up_to(self.tables.attention, device, attention) + 1):
                if self.tables.room[device, a] < 0:
                    break
                np.maximum(after[a:], best[: heads + 1 - a] + taken[a], out=after[a:])
            best = after
            found.append(best)
        return found

    def _takes(self, attention: int, mlp: int) -> bool:
        problem = self.tables.problem
        return int(self._most_blocks(attention, mlp)[-1][problem.heads]) >= problem.columns

    def _least_mlp(self, attention: int) -> int | None:
        return _first(self._mlp_values, lambda mlp: self._takes(attention, mlp))

    def _least_attention(self, mlp: int) -> int | None:
        return _first(self._attention_values, lambda attention: self._takes(attention, mlp))

    def weights_fit(self) -> bool:
        """Whether the group holds the model at all."""
        return self._takes(_ENDLESS, _ENDLESS)

    def floor(self) -> tuple[int, int]:
        """Ceilings below which the heads, or the blocks, find no place whatever memory there is."""
        problem = self.tables.problem
        return (
            self._spread(self.tables.attention, self._attention_values, problem.heads),
            self._spread(self.tables.mlp, self._mlp_values, problem.columns),
        )

    def _spread(self, table: Ints, values: Ints, total: int) -> int:
        def enough(ceiling: int) -> bool:
            return sum(self._up_to(table, d, ceiling) for d in self.members) >= total

        found = _first(values, enough)
        return int(values[-1]) if found is None else found

    def staircase(self) -> Iterator[tuple[int, int]]:
        """Least pairs of ceilings on MHA and MLP, the former rising."""
        mlp: int | None = int(self._mlp_values[-1])
        while mlp is not None:
            attention = self._least_attention(mlp)
            if attention is None:
                return
            mlp = self._least_mlp(attention)
            if mlp is None:
                return
            yield attention, mlp
            place = int(np.searchsorted(self._mlp_values, mlp))
            mlp = int(self._mlp_values[place - 1]) if place else None

    def weights(self, attention: int, mlp: int) -> list[tuple[int, int]]:
        """Heads and blocks of each device under ceilings that admit all."""
        problem = self.tables.problem
        best = self._most_blocks(attention, mlp)
        found, heads, blocks = [], problem.heads, problem.columns
        for place in range(self.number, 0, -1):
            device = self.members[place - 1]
            limit = self._up_to(self.tables.mlp, device, mlp)
            a, taken = next(
                (a, min(limit, int(self.tables.room[device, a])))
                for a in range(
                    min(heads, self._up_to(self.tables.attention, device, attention)) + 1
                )
                if self.tables.room[device, a] >= 0
                and best[place - 1][heads - a] + min(limit, int(self.tables.room[device, a]))
                >= blocks
            )
            b = min(blocks, taken)
            found.append((a, b))
            heads, blocks = heads - a, blocks - b
        return found[::-1]

    def least_rows(self, table: Ints, most: int) -> int | None:
        """The least ceiling on a time by rows with which all rows find a place, `most` each."""

        def enough(ceiling: int) -> bool:
            each = (min(most, self._up_to(table, d, ceiling)) for d in self.members)
            return sum(each) >= self.tables.problem.rows

        values = np.unique(table[list(self.members), : most + 1])
        return _first(values, enough)

    def rows(self, table: Ints, ceiling: int, most: int) -> list[int]:
        """Rows of each device under a ceiling that admits all."""
        left, found = self.tables.problem.rows, []
        for device in self.members:
            found.append(min(left, most, self._up_to(table, device, ceiling)))
            left -= found[-1]
        return found

    def row_steps(self, table: Ints) -> Iterator[tuple[int, int]]:
        """(largest share of rows, least ceiling) with rising shares and falling ceilings."""
        last = None
        end = self.least_rows(table, self.tables.problem.rows)
        for most in range(least_tile(self.tables, self.number), self.tables.problem.rows + 1):
            if self.watch.expired():
                raise OutOfTimeError
            ceiling = self.least_rows(table, most)
            if ceiling is not None and ceiling != last:
                yield most, ceiling
            if ceiling == end:
                return
            last = ceiling

    def bound(self, mode: TensorMode) -> int:
        """No split of the group in this mode makes a layer faster, ns."""
        tile = least_tile(self.tables, self.number)
        rows = self.tables.problem.rows
        if mode is TensorMode.SEQUENCE:
            work = self.least_rows(self.tables.whole, rows) or 0
            return work + (self.number - 1) * self.gather_ns(tile)
        step, (mha, mlp) = self.step_ns(tile), self.floor()
        if mode is TensorMode.TENSOR:
            con = int(self.tables.connective[list(self.members), rows].max())
            return mha + mlp + 2 * con + 4 * (self.number - 1) * step
        con = self.least_rows(self.tables.connective, rows) or 0
        return self._blocks(mha, mlp, step) + 2 * con

    def _blocks(self, mha: int, mlp: int, step: int) -> int:
        first = self.tables.block_ns("attention", mha, self.number, step)
        return first + self.tables.block_ns("mlp", mlp, self.number, step)

    def best(self, mode: TensorMode, below: int) -> dict[int, Split] | None:
        """The best shares, None where none makes a layer take less than `below`."""
        if mode is TensorMode.SEQUENCE:
            return self._best_sequence(below)
        if mode is TensorMode.TENSOR:
            return self._best_tensor(below)
        return self._best_both(below)

    def _best_sequence(self, below: int) -> dict[int, Split] | None:
        problem, found = self.tables.problem, None
        for most, ceiling in self.row_steps(self.tables.whole):
            cost = ceiling + (self.number - 1) * self.gather_ns(most)
            if cost < below:
                below, found = cost, self.rows(self.tables.whole, ceiling, most)
        if found is None:
            return None
        pairs = zip(self.members, found, strict=True)
        return {d: (problem.heads, problem.columns, rows) for d, rows in pairs}

    def _best_tensor(self, below: int) -> dict[int, Split] | None:
        rest = self.bound(TensorMode.TENSOR) - sum(self.floor())
        found, least_mlp = None, self.floor()[1]
        for mha, mlp in self.staircase():
            if mha + least_mlp + rest >= below:
                break
            if mha + mlp + rest < below:
                below, found = mha + mlp + rest, (mha, mlp)
        if found is None:
            return None
        pairs = zip(self.members, self.weights(*found), strict=True)
        return {d: (a, b, self.tables.problem.rows) for d, (a, b) in pairs}

    def _best_both(self, below: int) -> dict[int, Split] | None:
        table = self.tables.connective
        least_mlp, found = self.floor()[1], None
        steps = [(most, con, self.step_ns(most)) for most, con in self._useful_rows(below)]
        for mha, mlp in self.staircase() if steps else ():
            if min(self._blocks(mha, least_mlp, step) + 2 * con for _, con, step in steps) >= below:
                break
            for most, con, step in steps:
                cost = self._blocks(mha, mlp, step) + 2 * con
                if cost < below:
                    below, found = cost, (mha, mlp, most, con)
        if found is None:
            return None
        mha, mlp, most, con = found
        shares = zip(self.weights(mha, mlp), self.rows(table, con, most), strict=True)
        return {d: (*pair, rows) for d, (pair, rows) in zip(self.members, shares, strict=True)}

    def _useful_rows(self, below: int) -> Iterator[tuple[int, int]]:
        """Steps of the rows' staircase until the step alone is too long."""
        mha, mlp = self.floor()
        table = self.tables.connective
        end = self.least_rows(table, self.tables.problem.rows) or 0
        for most, con in self.row_steps(table):
            if self._blocks(mha, mlp, self.step_ns(most)) + 2 * end >= below:
                return
            yield most, con


def _first(values: Ints, holds: Callable[[int], bool]) -> int | None:
    """The first of sorted values that holds, where each after it does too."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if holds(int(values[middle])):
            high = middle
        else:
            low = middle + 1
    return int(values[low]) if low < len(values) else None
