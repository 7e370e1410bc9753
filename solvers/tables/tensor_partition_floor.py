"""What no split of one mode over a number of devices goes below, and the amounts that rules out.

With a ceiling C on a part's time, k devices take no more of it than the k largest amounts that
any of them does in C: the least C with which these are enough is the part's floor. A step takes
what the k-th fastest device takes for the least tile. A layer of floors bounds every split; with
one part above its floor, it says which times of that part are of no use below a given cost. None
of this knows which devices hold heads and columns together: that is left to the programs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.problems.tensor_partition import TensorMode
from solvers.base import UNREACHABLE
from solvers.tables.tensor_partition import Ints, Tables, least_tile

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Floor:
    """One mode over `number` devices."""

    tables: Tables
    mode: TensorMode
    number: int

    @cached_property
    def times(self) -> dict[str, Ints]:
        """[n, amount + 1] ns of what the mode splits: "heads", "columns", "rows"."""
        if self.mode is TensorMode.SEQUENCE:
            return {"rows": self.tables.whole}
        split = {"heads": self.tables.attention, "columns": self.tables.mlp}
        together = self.mode is TensorMode.TENSOR_SEQUENCE
        return split | ({"rows": self.tables.connective} if together else {})

    @cached_property
    def most(self) -> dict[str, Ints]:
        """[n] the largest amount that a device has memory for, -1 where it cannot take part."""
        room, rows = self.tables.room, self.tables.problem.rows
        everywhere = np.full(self.tables.devices, rows, dtype=np.int64)
        if self.mode is TensorMode.SEQUENCE:
            whole = room[:, -1] >= self.tables.problem.columns
            return {"rows": np.where(whole, everywhere, -1)}
        heads = (room >= 0).sum(axis=1) - 1
        return {"heads": heads, "columns": room[:, 0], "rows": everywhere}

    @cached_property
    def parts(self) -> dict[str, int]:
        """The floor of each part, ns; UNREACHABLE where so many devices do not hold all of it."""
        return {what: self._least(what) for what in self.times}

    def _least(self, what: str) -> int:
        table, total = self.times[what], self.times[what].shape[1] - 1

        def enough(ceiling: int) -> bool:
            taken = np.minimum((table <= ceiling).sum(axis=1) - 1, self.most[what])
            largest = np.sort(taken)[::-1][: self.number]
            return bool(largest[-1] >= 0 and largest.sum() >= total)

        found = _last(np.unique(table)[::-1], enough)
        return UNREACHABLE if found is None else found

    def step(self, tile: int) -> int:
        """A step of so many rows takes at least that, ns."""
        gathers = self.mode is TensorMode.SEQUENCE
        table = self.tables.gather if gathers else self.tables.step
        return int(np.sort(table[:, tile])[self.number - 1])

    def layer(self, what: str = "", time: int = 0, tile: int | None = None) -> int:
        """No layer takes less, ns, with part `what` at `time` and the largest share of rows."""
        parts = self.parts | ({what: time} if what else {})
        if max(parts.values()) >= UNREACHABLE:
            return UNREACHABLE
        step = self.step(least_tile(self.tables, self.number) if tile is None else tile)
        others = self.number - 1
        if self.mode is TensorMode.SEQUENCE:
            return parts["rows"] + others * step
        mha, mlp = parts["heads"], parts["columns"]
        if self.mode is TensorMode.TENSOR:
            connective = np.sort(self.tables.connective[:, -1])[others]
            return mha + mlp + 2 * int(connective) + 4 * others * step
        first = self.tables.block_ns("attention", mha, self.number, step)
        second = self.tables.block_ns("mlp", mlp, self.number, step)
        return first + second + 2 * parts["rows"]

    def tiles(self, below: int) -> list[int]:
        """Largest shares of rows with which a layer may take less than `below`."""
        rows = self.tables.problem.rows
        tiles = range(least_tile(self.tables, self.number), rows + 1)
        return [tile for tile in tiles if self.layer(tile=tile) < below]

    def useful(self, what: str, below: int) -> Bools:
        """[n, amount + 1] the amounts with which a layer may take less than `below`."""
        table = self.times[what]
        ceiling = _last(np.unique(table), lambda time: self.layer(what, time) < below)
        amounts = np.arange(table.shape[1])
        fits = amounts <= np.maximum(self.most[what], 0)[:, None]
        return fits & (table <= (-1 if ceiling is None else ceiling))


def _last(values: Ints, holds: Callable[[int], bool]) -> int | None:
    """The last of sorted values that holds, where each before it does too."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if holds(int(values[middle])):
            low = middle + 1
        else:
            high = middle
    return int(values[low - 1]) if low else None
