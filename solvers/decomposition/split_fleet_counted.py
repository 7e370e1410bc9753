"""The integer program of a fleet by offers and counts, over some columns or all.

See solvers/tables/split_fleet_classes.py for what is counted and why that loses nothing. Branching
on a count settles at once what branching on single streams would have to settle for each of them.
"""

from solvers.integer_program import Answer, IntegerProgram
from solvers.tables.split_fleet import Ints, Tables
from solvers.tables.split_fleet_answer import Found
from solvers.tables.split_fleet_classes import classes


class Counted:
    """Columns: per stream its offers, then per class its places."""

    def __init__(self, tables: Tables, kept: Ints | None = None) -> None:
        self.tables = tables
        self.classes = classes(tables, kept)
        self.program = IntegerProgram()
        self.takes = [
            [self.program.column(offer.base) for offer in row] for row in self.classes.offers
        ]
        self.counts: list[list[int]] = []
        self.every_stream_takes_one_offer()
        self.every_member_is_on_a_server()
        self.no_uplink_and_no_server_overflows()

    def every_stream_takes_one_offer(self) -> None:
        """Each stream takes exactly one of its offers."""
        for row in self.takes:
            self.program.row([(column, 1) for column in row], 1, 1)

    def every_member_is_on_a_server(self) -> None:
        """As many of a class are on its servers as take one of its offers."""
        for places, row in zip(self.classes.places, self.classes.members(), strict=True):
            most = len({stream for stream, _ in row})
            rooms = [int(self.tables.capacity[p.row]) // max(p.load, 1) for p in places]
            counts = [
                self.program.column(place.extra, upper=min(most, room))
                for place, room in zip(places, rooms, strict=True)
            ]
            self.counts.append(counts)
            taken = [(self.takes[stream][index], 1) for stream, index in row]
            self.program.row(taken + [(count, -1) for count in counts], 0, 0)

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
            if sum(load * self.program.upper[column] for column, load in terms) > room:
                self.program.row(terms, high=room)

    def point(self, columns: Ints | None) -> tuple[int, ...] | None:
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
        return (*point, *(value for row in counts for value in row))

    def found(self, answer: Answer) -> Found:
        """The window's answer, in columns of the tables."""
        if answer.point is None:
            return Found(None, answer.bound, answer.infeasible)
        taken = [[answer.point[c] for c in row].index(1) for row in self.takes]
        counts = [[answer.point[c] for c in row] for row in self.counts]
        return Found(self.classes.columns(taken, counts), answer.bound)
