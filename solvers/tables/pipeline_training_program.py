"""A training pipeline as an integer program of columns, for any backend.

x[q, g, j, i] = 1 where group g holds layers j to i - 1 as the q-th stage from the end. With E_q and
C_q the execution of that stage and the communication behind it, V_q and K_q the longest of M times
a step and the steps before it, from the execution and from the communication on,

    V_q ≥ M E_q,  V_q ≥ E_q + K_q,  K_q ≥ M C_q,  K_q ≥ C_q + V_{q-1}

where a stage that is not there takes no time. Minimise V of the first place in the row plus the
largest all-reduce. Stages follow one another by flow: what begins at a layer behind, at q, has a
column that ends there, at q + 1. Times of columns are the best ones over all shares of a
micro-batch, memory at q included, from tables.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from solvers.base import UNREACHABLE
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder, Term
from solvers.tables.pipeline_training import Group, Tables

Cell = tuple[int, int, Group]


@dataclass(frozen=True)
class Column:
    """One stage in one place: q from the end, its layers, its group, its times, its index."""

    from_end: int
    first: int
    last: int
    group: Group
    execution: int
    reduce: int
    index: int


class TooManyColumnsError(Exception):
    """The program is too large to be built."""


class Formulation:
    """The program, and the way from its points to stages.

    below: only rounds shorter than this count, ns; most: of columns. Raises TooManyColumnsError.
    """

    def __init__(self, tables: Tables, below: int, most: int) -> None:
        self.tables, self.builder, self.below = tables, Builder(), below
        self._often = tables.problem.micro_batches
        self.places = range(1, tables.most_stages + 1)
        self.columns: list[Column] = []
        for from_end in self.places:
            for cell, execution, reduce in self._cells(from_end):
                index = self.builder.column()
                self.columns.append(
                    Column(from_end, cell[0], cell[1], cell[2], execution, reduce, index)
                )
                if len(self.columns) > most:
                    raise TooManyColumnsError
        self._one_pipeline()
        self._devices()
        self._round()

    @property
    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return self.builder.program()

    def _cells(self, from_end: int) -> Iterator[tuple[Cell, int, int]]:
        """Stages that fit into memory and alone do not make the round too long."""
        layers = self.tables.layers
        for group in self.tables.groups():
            execution = self.tables.execution(group, from_end).tolist()
            reduces = self.tables.all_reduce(group).tolist()
            for first in range(layers):
                for last in range(first + 1, layers + 1):
                    once, reduce = execution[first][last], reduces[first][last]
                    here = (last == layers) == (from_end == 1)
                    short = self._often * once + reduce < self.below
                    if here and short and max(once, reduce) < UNREACHABLE:
                        yield (first, last, group), once, reduce

    def _of(self, from_end: int, **where: int) -> list[Column]:
        return [
            column
            for column in self.columns
            if column.from_end == from_end
            and all(getattr(column, name) == value for name, value in where.items())
        ]

    def _one_pipeline(self) -> None:
        """One stage is last, one first; between them each cut has a stage on either side."""
        self.builder.row([(c.index, 1) for c in self._of(1)], 1, 1)
        self.builder.row([(c.index, 1) for c in self.columns if c.first == 0], 1, 1)
        for from_end in self.places:
            for cut in range(1, self.tables.layers):
                terms = [(c.index, 1) for c in self._of(from_end, first=cut)]
                terms += [(c.index, -1) for c in self._of(from_end + 1, last=cut)]
                if terms:
                    self.builder.row(terms, 0, 0)

    def _devices(self) -> None:
        """No more devices of a class than there are; all of them where all are to be used."""
        for kind, there in enumerate(self.tables.everything):
            terms = [(c.index, c.group[kind]) for c in self.columns]
            low = there if self.tables.problem.use_all_devices else None
            self.builder.row(terms, low, there)

    def _time(self, cost: int = 0) -> int:
        return self.builder.column(cost=cost, upper=self.below, whole=False)

    def _round(self) -> None:
        """The recursion over places from the end, and the all-reduce."""
        before: int | None = None
        for from_end in self.places:
            cost = int(from_end == self.places[-1])
            longest = self._time(cost)
            here = self._of(from_end)
            once = [(c.index, -c.execution) for c in here]
            often = [(c.index, -c.execution * self._often) for c in here]
            self.builder.row([(longest, 1), *often], 0)
            if before is not None:
                behind = self._time()
                sent = self._sent(from_end)
                self.builder.row([(behind, 1), (sent, -self._often)], 0)
                self.builder.row([(behind, 1), (sent, -1), (before, -1)], 0)
                self.builder.row([(longest, 1), *once, (behind, -1)], 0)
            before = longest
        reduce = self._time(1)
        for from_end in self.places:
            terms = [(c.index, -c.reduce) for c in self._of(from_end)]
            self.builder.row([(reduce, 1), *terms], 0)
        total = [(column, cost) for column, cost in enumerate(self.builder.cost) if cost]
        self.builder.row(total, high=self.below - 1)

    def _sent(self, from_end: int) -> int:
        """What goes to and fro between the stage at a place and the one behind it, ns."""
        sent, there, back = (self._time() for _ in range(3))
        self.builder.row([(sent, 1), (there, -1), (back, -1)], 0, 0)
        for way, swapped in ((there, False), (back, True)):
            at_least: list[Term] = []
            for cut in range(1, self.tables.layers):
                front, behind = self._of(from_end, last=cut), self._of(from_end - 1, first=cut)
                pairs = self._pairs(cut, swapped=swapped)
                least = min((ns for ns in pairs.values() if ns is not None), default=0)
                at_least += [(c.index, -least) for c in front]
                for (a, b), ns in pairs.items():
                    if ns is None or ns > least:
                        self._slow_pair(way, _with(front, a), _with(behind, b), ns)
            self.builder.row([(way, 1), *at_least], 0)
        return sent

    def _pairs(self, cut: int, *, swapped: bool) -> dict[tuple[int, int], int | None]:
        """(class in front, class behind) -> ns of what is cut there, None where there is no link.

        A class with one device is in one stage only.
        """
        size = self.tables.output[cut - 1 : cut]
        found: dict[tuple[int, int], int | None] = {}
        for a, b in product(range(len(self.tables.classes)), repeat=2):
            if a != b or len(self.tables.classes[a]) > 1:
                rate = self.tables.rates[b][a] if swapped else self.tables.rates[a][b]
                found[a, b] = None if rate is None else int(self.tables.transfer(rate, size)[0])
        return found

    def _slow_pair(self, way: int, front: list[Term], behind: list[Term], ns: int | None) -> None:
        """Where both classes are there their link is used, or they may not both be there."""
        if ns is None:
            self.builder.row([*front, *behind], high=1)
        elif front and behind:
            terms = [(column, -ns) for column, _ in (*front, *behind)]
            self.builder.row([(way, 1), *terms], -ns)

    def stages(self, point: Array) -> list[Cell]:
        """The stages of a point, from the first to the last."""
        chosen = [c for c in self.columns if point[c.index]]
        return [(c.first, c.last, c.group) for c in sorted(chosen, key=lambda c: c.first)]


def _with(columns: list[Column], kind: int) -> list[Term]:
    return [(column.index, 1) for column in columns if column.group[kind]]
