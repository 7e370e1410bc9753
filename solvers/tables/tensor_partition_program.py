"""Tensor partitions of one mode on a given number of devices as an integer program.

One-hot: u[d, a] = 1 where device d has a heads, v[d, b] and w[d, r] likewise, z[c] = 1 where the
largest share of rows is c, y[d] = 1 where d is on the ring. The maxima, a step S and the two blocks
are integer columns; with the number of devices given, a block between transfers is the largest of
four linear terms. Times, rooms and steps are read from tables, so that no rounding is left to the
solver; amounts that are too slow whatever the rest does are ruled out beforehand.
"""

from math import gcd

import numpy as np

from models.problems.tensor_partition import TensorMode
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder, Term
from solvers.tables.tensor_partition import Ints, Split, least_tile
from solvers.tables.tensor_partition_floor import Floor


class Formulation:
    """The program, and the way from its points to shares and back.

    below: only layers that take less count, ns.
    """

    def __init__(self, floor: Floor, below: int) -> None:
        self.floor = floor
        self.tables, self.mode, self.number = floor.tables, floor.mode, floor.number
        self.builder = Builder()
        self.most = below
        devices = range(self.tables.devices)
        self.on_ring = [self.builder.column() for _ in devices]
        self.builder.row([(column, 1) for column in self.on_ring], self.number, self.number)
        self.maxima: list[int] = []
        self.hot: dict[str, list[list[int]]] = {}
        self.tiles: dict[int, int] = {}
        if self.mode is TensorMode.SEQUENCE:
            self._whole_model()
        else:
            self._weights()
            self._connective()
            self._blocks()
        terms = [(column, cost) for column, cost in enumerate(self.builder.cost) if cost]
        self.builder.row(terms, high=below - 1)

    @property
    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return self.builder.program()

    def _time(self, cost: int = 0) -> int:
        """A time of a layer, ns."""
        return self.builder.column(cost=cost, upper=self.most, whole=False)

    def _split(self, what: str, total: int) -> None:
        """Each device has one amount, more than none only on the ring; together they are all."""
        useful = self.floor.useful(what, self.most).tolist()
        rows = [[self.builder.column(upper=int(may)) for may in row] for row in useful]
        self.hot[what] = rows
        for row, on_ring in zip(rows, self.on_ring, strict=True):
            self.builder.row([(column, 1) for column in row], 1, 1)
            self.builder.row([*((c, 1) for c in row[1:]), (on_ring, -1)], high=0)
        amounts = [(c, n) for row in rows for n, c in enumerate(row)]
        self.builder.row(amounts, total, total)

    def _at_least(self, column: int, what: str, table: Ints) -> None:
        """A time is at least what any device takes for its amount."""
        for row, times in zip(self.hot[what], table.tolist(), strict=True):
            self.builder.row(
                [(column, 1), *((c, -ns) for c, ns in zip(row, times, strict=True))], 0
            )

    def _weights(self) -> None:
        """Heads and blocks are split; what a device has of them fits into its memory."""
        problem = self.tables.problem
        self._split("heads", problem.heads)
        self._split("columns", problem.columns)
        for d, rooms in enumerate(self.tables.room.tolist()):
            heads, columns = self.hot["heads"][d], self.hot["columns"][d]
            terms: list[Term] = [(c, n) for n, c in enumerate(columns)]
            terms += [(c, -max(room, 0)) for c, room in zip(heads, rooms, strict=True)]
            self.builder.row(terms, high=0)

    def _whole_model(self) -> None:
        """Rows are split over devices that hold everything; one gather of keys and values."""
        problem = self.tables.problem
        for d, column in enumerate(self.on_ring):
            if self.tables.room[d, problem.heads] < problem.columns:
                self.builder.upper[column] = 0
        self._split("rows", problem.rows)
        work = self._time(1)
        self._at_least(work, "rows", self.tables.whole)
        if self.number > 1:  # alone nothing is sent, and a step that costs nothing has no ceiling
            self._step(self._time(self.number - 1), self.tables.gather)

    def _connective(self) -> None:
        """The connective parts: rows are split, or all on every device."""
        self.con = self._time(2)
        if self.mode is TensorMode.TENSOR:
            for column, ns in zip(
                self.on_ring, self.tables.connective[:, -1].tolist(), strict=True
            ):
                self.builder.row([(self.con, 1), (column, -ns)], 0)
            return
        self._split("rows", self.tables.problem.rows)
        self._at_least(self.con, "rows", self.tables.connective)

    def _step(self, step: int, table: Ints) -> None:
        """A step takes what it takes the slowest device on the ring, for the largest share."""
        rows = self.tables.problem.rows
        self.tiles = {tile: self.builder.column() for tile in self.floor.tiles(self.most)}
        self.builder.row([(column, 1) for column in self.tiles.values()], 1, 1)
        largest = [(column, -tile) for tile, column in self.tiles.items()]
        for d, on_ring in enumerate(self.on_ring):
            amounts = [(c, n) for n, c in enumerate(self.hot["rows"][d])]
            self.builder.row([*amounts, *largest], high=0)
            far = int(table[d, rows])
            terms = [(column, -int(table[d, tile])) for tile, column in self.tiles.items()]
            self.builder.row([(step, 1), *terms, (on_ring, -far)], -far)

    def _blocks(self) -> None:
        """MHA and MLP between their transfers."""
        together = self.mode is TensorMode.TENSOR_SEQUENCE and self.number > 1
        overlapped = together and self.tables.problem.overlap is not None
        mha, mlp = (self._time(0 if overlapped else 1) for _ in range(2))
        self._at_least(mha, "heads", self.tables.attention)
        self._at_least(mlp, "columns", self.tables.mlp)
        if self.number == 1:
            return
        step = self._time(0 if overlapped else 4 * (self.number - 1))
        if together:
            self._step(step, self.tables.step)
        else:
            tile = least_tile(self.tables, self.number)
            for column, ns in zip(self.on_ring, self.tables.step[:, tile].tolist(), strict=True):
                self.builder.row([(step, 1), (column, -ns)], 0)
        if overlapped:
            self._overlapped("attention", mha, step)
            self._overlapped("mlp", mlp, step)

    def _overlapped(self, which: str, compute: int, step: int) -> None:
        """A block waits at either end for what a step takes beyond a tile, or not at all."""
        ends, others = self.tables.problem.overlap, self.number - 1
        entry, exit_ = (getattr(ends, f"{which}_{end}_ppm") for end in ("entry", "exit"))
        block, scale = self._time(1), 10**6 * self.number
        for steps, share in ((0, 0), (1, entry), (1, exit_), (2, entry + exit_)):
            parts = [scale, others * share - scale, -others * steps * scale]
            divisor = gcd(*parts)
            columns = (block, compute, step)
            terms = [(c, n // divisor) for c, n in zip(columns, parts, strict=True)]
            self.builder.row(terms, 0)

    def shares(self, point: Array) -> dict[int, Split]:
        """The shares of a point."""
        problem = self.tables.problem
        found = {}
        for d, column in enumerate(self.on_ring):
            if point[column]:
                amounts = [
                    int(np.argmax(point[self.hot[what][d]])) if what in self.hot else whole
                    for what, whole in (
                        ("heads", problem.heads),
                        ("columns", problem.columns),
                        ("rows", problem.rows),
                    )
                ]
                found[d] = (amounts[0], amounts[1], amounts[2])
        return found
