"""The integer program of a fleet by offers and counts, over some columns or all.

See solvers/tables/split_fleet_classes.py for what is counted and why that loses nothing. Branching
on a count settles at once what branching on single streams would have to settle for each of them.
"""

import numpy as np

from models.result import Reason
from solvers.backends import program_highs
from solvers.base import Stopwatch
from solvers.integer_program import Answer, Array, IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.split_fleet import Ints, Tables
from solvers.tables.split_fleet_answer import Found, Progressing
from solvers.tables.split_fleet_classes import classes


class Counted:
    """Columns: per stream its offers, then per class its places."""

    def __init__(self, tables: Tables, kept: Ints | None = None) -> None:
        self.tables = tables
        self.classes = classes(tables, kept)
        self.builder = Builder()
        self.takes = [
            [self.builder.column(offer.base) for offer in row] for row in self.classes.offers
        ]
        self.counts: list[list[int]] = []
        self.every_stream_takes_one_offer()
        self.every_member_is_on_a_server()
        self.no_uplink_and_no_server_overflows()

    def every_stream_takes_one_offer(self) -> None:
        """Each stream takes exactly one of its offers."""
        for row in self.takes:
            self.builder.row([(column, 1) for column in row], 1, 1)

    def every_member_is_on_a_server(self) -> None:
        """As many of a class are on its servers as take one of its offers."""
        most = self.classes.most(self.tables.capacity)
        for places, row, rooms in zip(
            self.classes.places, self.classes.members(), most, strict=True
        ):
            counts = [
                self.builder.column(place.extra, upper=room)
                for place, room in zip(places, rooms, strict=True)
            ]
            self.counts.append(counts)
            taken = [(self.takes[stream][index], 1) for stream, index in row]
            self.builder.row(taken + [(count, -1) for count in counts], 0, 0)

    def no_uplink_and_no_server_overflows(self) -> None:
        """Loads stay within each capacity; a row that everything together fits is left out."""
        loads: list[list[tuple[int, int]]] = [[] for _ in self.tables.capacity]
        for row, takes in zip(self.classes.offers, self.takes, strict=True):
            for offer, column in zip(row, takes, strict=True):
                if offer.group >= 0:
                    loads[offer.row_up].append((column, offer.load_up))
        for places, counts in zip(self.classes.places, self.counts, strict=True):
            for place, column in zip(places, counts, strict=True):
                loads[place.row].append((column, place.load))
        for terms, room in zip(loads, self.tables.capacity.tolist(), strict=True):
            if sum(load * self.builder.upper[column] for column, load in terms) > room:
                self.builder.row(terms, high=room)

    @property
    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return self.builder.program()

    def solve(self, watch: Stopwatch, start: Ints | None, progress: Progressing) -> Answer:
        """HiGHS' answer, from a plan to start with; better plans are told as they come."""
        return program_highs.solve(
            self.program,
            watch,
            start=self.point(start),
            found=lambda point: progress.plan(self.columns(point)),
        )

    def point(self, columns: Ints | None) -> Array | None:
        """A choice of columns as a point, None where one is not kept."""
        found = None if columns is None else self.classes.counts(columns)
        if found is None:
            return None
        taken, counts = found
        point = [
            int(place == index)
            for row, index in zip(self.takes, taken, strict=True)
            for place in range(len(row))
        ]
        return np.array([*point, *(value for row in counts for value in row)], dtype=np.int64)

    def columns(self, point: Array) -> Ints:
        """[C] columns of the tables that a point stands for."""
        values = point.tolist()
        taken = [[values[c] for c in row].index(1) for row in self.takes]
        counts = [[values[c] for c in row] for row in self.counts]
        return self.classes.columns(taken, counts)

    def found(self, answer: Answer) -> Found:
        """The window's answer."""
        columns = None if answer.point is None else self.columns(answer.point)
        unsupported = answer.detail if answer.reason is Reason.UNSUPPORTED else ""
        return Found(columns, answer.bound, answer.infeasible, unsupported)
