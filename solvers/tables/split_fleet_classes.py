"""Offers and classes: a fleet without saying which stream is on which server.

Whether streams fit on the servers depends only on how many of each kind there are. An *offer* is
an option that a stream may take on some servers; offers with the same loads and the same extra
costs on the same servers form a *class*, whose members may change places. With

    x[o] = 1 if offer o is taken,    n[c, j] = members of class c that are on its j-th server
    Σ x = 1 over the offers of a stream        Σ x over class c = Σ_j n[c, j]
    Σ load · x ≤ capacity of each uplink       Σ load · n ≤ capacity of each server

cost Σ base · x + Σ extra · n has the optimum of the columns (stream, option, server), but where
few loads occur, as with cameras of a few frame rates, all ways to swap equal streams between
servers are one point: the bin packing is left with a handful of counts. (Aggregation of identical
items, as in cutting stock: Gilmore and Gomory, Operations Research 9, 1961.)
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from solvers.tables.split_fleet import Ints, Tables


@dataclass(frozen=True)
class Place:
    """A server's row, what one member of the class loads it with and costs there beyond base."""

    row: int
    load: int
    extra: int


@dataclass(frozen=True)
class Offer:
    """A stream's option: its least cost, its uplink's row (-1: local) and load, its class.

    columns: of the tables, one per place of the class, or the one local column; group: index of
    the class, -1 for a local option.
    """

    base: int
    row_up: int
    load_up: int
    group: int
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Classes:
    """Offers per stream, and the places of each class."""

    offers: tuple[tuple[Offer, ...], ...]
    places: tuple[tuple[Place, ...], ...]

    def most(self, capacity: Ints) -> list[list[int]]:
        """Per class, how many members fit on each place by itself: all where they load nothing."""
        sizes = [len({stream for stream, _ in row}) for row in self.members()]
        return [
            [min(size, int(capacity[p.row]) // p.load) if p.load else size for p in row]
            for size, row in zip(sizes, self.places, strict=True)
        ]

    def members(self) -> list[list[tuple[int, int]]]:
        """Per class, its offers as (stream, index), streams in order."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.places]
        for stream, row in enumerate(self.offers):
            for index, offer in enumerate(row):
                if offer.group >= 0:
                    found[offer.group].append((stream, index))
        return found

    def columns(self, taken: list[int], counts: list[list[int]]) -> Ints:
        """[C] columns from each stream's offer and the counts of each class on its places.

        The members of a class fill its places in order; which one is where does not matter.
        """
        left = [list(row) for row in counts]
        chosen = []
        for row, index in zip(self.offers, taken, strict=True):
            offer, place = row[index], 0
            if offer.group >= 0:
                place = next(j for j, count in enumerate(left[offer.group]) if count)
                left[offer.group][place] -= 1
            chosen.append(offer.columns[place])
        return np.array(chosen, dtype=np.int64)

    def counts(self, columns: Ints) -> tuple[list[int], list[list[int]]] | None:
        """Each stream's offer and the counts behind a choice of columns; None where one is gone."""
        counts = [[0] * len(row) for row in self.places]
        taken = []
        for row, column in zip(self.offers, columns.tolist(), strict=True):
            index = next((i for i, offer in enumerate(row) if column in offer.columns), None)
            if index is None:
                return None
            taken.append(index)
            if row[index].group >= 0:
                counts[row[index].group][row[index].columns.index(column)] += 1
        return taken, counts


def classes(tables: Tables, kept: Ints | None = None) -> Classes:
    """The offers of some columns, or of all, and their classes; O(columns)."""
    wanted = np.arange(len(tables.cost)) if kept is None else kept
    ends = np.searchsorted(wanted, tables.start).tolist()
    groups: dict[tuple[Place, ...], int] = {}
    offers = []
    for a, b in pairwise(ends):
        by_option: dict[str, list[int]] = {}
        for column in wanted[a:b].tolist():
            by_option.setdefault(tables.names[column][1], []).append(column)
        offers.append(tuple(_offer(tables, columns, groups) for columns in by_option.values()))
    return Classes(tuple(offers), tuple(groups))


def _offer(tables: Tables, columns: list[int], groups: dict[tuple[Place, ...], int]) -> Offer:
    base = min(int(tables.cost[column]) for column in columns)
    first = columns[0]
    group = -1
    if tables.row_up[first] >= 0:
        places = tuple(
            Place(int(tables.row_on[c]), int(tables.load_on[c]), int(tables.cost[c]) - base)
            for c in columns
        )
        group = groups.setdefault(places, len(groups))
    up = int(tables.row_up[first]), int(tables.load_up[first])
    return Offer(base, *up, group, tuple(columns))
