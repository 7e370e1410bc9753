"""A fleet by CP-SAT in exact integers: an option per stream, and counts of classes on servers.

The model says what a stream does and, apart from that, how many streams of each class of equal
load a server takes; see solvers/tables/split_fleet_classes.py, which states why that suffices.
`prices` counts by the same classes, and all exact methods read their columns off the same tables
(solvers/tables/split_fleet.py): what CP-SAT proves apart from HiGHS is the search, not the model.
`milp` alone places single streams; the tests hold classes and columns to each other, and tables to
the verifier and an enumeration, which share nothing with them.
"""

from collections.abc import Iterator
from math import gcd

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.base import Progress, Stopwatch
from solvers.tables.split_fleet import Ints, Tables
from solvers.tables.split_fleet_answer import Found, Progressing, over_windows
from solvers.tables.split_fleet_classes import Classes, Place, classes

# Variable, coefficient, and the variable's largest value.
Terms = list[tuple[cpsat.IntVar, int, int]]


class ConstraintProgram:
    """Clause learning on the options and counts of each window."""

    name = "cpsat"

    def solve(
        self,
        problem: SplitFleetProblem,
        limits: Limits,
        hint: SplitFleetPlan | None = None,
        report: Progress[SplitFleetPlan] | None = None,
    ) -> Claim[SplitFleetPlan]:
        """The optimum, or proof that there is no plan."""

        def window(tables: Tables, watch: Stopwatch, progress: Progressing) -> Found:
            model = _Model(tables)
            if not model.fits:
                return Found(unsupported="its numbers are too large for 64-bit sums")
            if hint is not None:
                model.start_from(hint)
            return model.solve(limits, watch, progress)

        return over_windows(self.name, problem, limits, report, window)


class _Model:
    """One window; costs less each stream's least, divided by what they have in common."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.classes: Classes = classes(tables)
        self.model = cpsat.CpModel()
        self.takes = [[self.model.new_bool_var("") for _ in row] for row in self.classes.offers]
        self.counts: list[list[cpsat.IntVar]] = []
        self.fits = True
        self.every_stream_takes_one_offer()
        self.every_member_is_on_a_server()
        self.no_uplink_and_no_server_overflows()
        self.offset, self.step = self.the_least_cost_counts()

    def every_stream_takes_one_offer(self) -> None:
        """Each stream takes exactly one of its offers."""
        for row in self.takes:
            self.model.add_exactly_one(row)

    def every_member_is_on_a_server(self) -> None:
        """As many of a class are on its servers as take one of its offers."""
        self.most = self.classes.most(self.tables.capacity)
        for row, rooms in zip(self.classes.members(), self.most, strict=True):
            counts = [self.model.new_int_var(0, room, "") for room in rooms]
            self.counts.append(counts)
            self.model.add(sum(self.takes[c][o] for c, o in row) == sum(counts))

    def no_uplink_and_no_server_overflows(self) -> None:
        """Loads stay within each capacity; a row that everything together fits is left out."""
        loads: list[Terms] = [[] for _ in self.tables.capacity]
        for row, takes in zip(self.classes.offers, self.takes, strict=True):
            for offer, take in zip(row, takes, strict=True):
                if offer.group >= 0:
                    loads[offer.row_up].append((take, offer.load_up, 1))
        for place, count, most in self._placed():
            loads[place.row].append((count, place.load, most))
        for terms, room in zip(loads, self.tables.capacity.tolist(), strict=True):
            if _most(terms) > room:
                self.fits &= _most(terms) < cpsat.LARGEST
                self.model.add(_sum(terms) <= room)

    def _placed(self) -> Iterator[tuple[Place, cpsat.IntVar, int]]:
        rows = zip(self.classes.places, self.counts, self.most, strict=True)
        for places, counts, most in rows:
            yield from zip(places, counts, most, strict=True)

    def the_least_cost_counts(self) -> tuple[int, int]:
        """The cost of the offers taken and of their places; its least value and common divisor."""
        least = [min((offer.base for offer in row), default=0) for row in self.classes.offers]
        priced = [
            (take, offer.base - cheapest, 1)
            for row, takes, cheapest in zip(self.classes.offers, self.takes, least, strict=True)
            for offer, take in zip(row, takes, strict=True)
        ]
        priced += [(count, place.extra, most) for place, count, most in self._placed()]
        step = max(1, gcd(*(price for _, price, _ in priced)))
        terms = [(variable, price // step, most) for variable, price, most in priced if price]
        self.fits &= _most(terms) < cpsat.LARGEST
        self.model.minimize(_sum(terms))
        return sum(least), step

    def start_from(self, hint: SplitFleetPlan) -> None:
        """Gives CP-SAT a plan to begin with, where all of its choices are kept."""
        columns = self.tables.columns(hint)
        found = None if columns is None else self.classes.counts(columns)
        if found is None:
            return
        for takes, index in zip(self.takes, found[0], strict=True):
            for place, take in enumerate(takes):
                self.model.add_hint(take, place == index)
        for counts, held in zip(self.counts, found[1], strict=True):
            for count, value in zip(counts, held, strict=True):
                self.model.add_hint(count, value)

    def solve(self, limits: Limits, watch: Stopwatch, progress: Progressing) -> Found:
        """What CP-SAT finds, in columns and in the objective's unit."""
        watched = [v for row in (*self.takes, *self.counts) for v in row]
        answer = cpsat.solve(
            self.model,
            watched,
            watch,
            limits.seed,
            found=lambda values: progress.plan(self._columns(values)),
            bounded=lambda bound: progress.bound(self._value(bound)),
        )
        return Found(
            columns=None if answer.values is None else self._columns(answer.values),
            bound=None if answer.lower_bound is None else self._value(answer.lower_bound),
            infeasible=answer.reason is Reason.INFEASIBLE,
        )

    def _value(self, bound: int) -> int:
        return self.offset + self.step * bound

    def _columns(self, values: cpsat.Values) -> Ints:
        rows = iter(values)
        taken = [[next(rows) for _ in row].index(1) for row in self.takes]
        counts = [[next(rows) for _ in row] for row in self.counts]
        return self.classes.columns(taken, counts)


def _sum(terms: Terms) -> cpsat.LinearExpr:
    return cpsat.LinearExpr.weighted_sum([v for v, _, _ in terms], [a for _, a, _ in terms])


def _most(terms: Terms) -> int:
    return sum(a * most for _, a, most in terms)
