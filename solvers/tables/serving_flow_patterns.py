"""Stages of a pipeline: a few nodes side by side that hold the same layers.

A *pattern* is a number of layers k and up to three nodes by class whose rates at k add up to the
goal, none of them needless. Its *sort* says what counts for links: the links of its members and how
many they are, each taken to carry an equal share of the flow. Patterns of one sort follow and are
followed by the same ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from solvers.tables.serving_flow import Tables

# A sort: the link class of each member, ascending.
Sort = tuple[int, ...]


@dataclass(frozen=True)
class Pattern:
    """`layers` of the model on one node of each class in `members`, which may repeat."""

    layers: int
    members: tuple[int, ...]
    sort: Sort


class Linked:
    """Classes of nodes with equal links, and which sorts of patterns may follow each other.

    of_class: for each class of the tables, its link class; first: a node of each link class.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.of_class: list[int] = []
        self.first: list[int] = []
        for members in tables.classes:
            node = members[0]
            same = [c for c, other in enumerate(self.first) if _equal_links(tables, node, other)]
            if not same:
                self.first.append(node)
            self.of_class.append(same[0] if same else len(self.first) - 1)

    def follows(self, before: Sort, after: Sort, goal: int) -> bool:
        """Whether so much passes from one sort to another in equal shares."""
        return all(
            self._link(a, b) * len(before) * len(after) >= goal for a in before for b in after
        )

    def starts(self, sort: Sort, goal: int) -> bool:
        """Whether the source feeds it so much."""
        return all(int(self.tables.source[self.first[c]]) * len(sort) >= goal for c in sort)

    def ends(self, sort: Sort, goal: int) -> bool:
        """Whether it feeds the sink so much."""
        return all(int(self.tables.sink[self.first[c]]) * len(sort) >= goal for c in sort)

    def _link(self, a: int, b: int) -> int:
        if a != b:
            return int(self.tables.link[self.first[a], self.first[b]])
        others = [
            node
            for members, c in zip(self.tables.classes, self.of_class, strict=True)
            for node in members
            if c == a and node != self.first[a]
        ]
        return int(self.tables.link[self.first[a], others[0]]) if others else 0


def _equal_links(tables: Tables, i: int, j: int) -> bool:
    """Whether two nodes have the same ends, and equal links to and from all others."""
    if (tables.source[i], tables.sink[i]) != (tables.source[j], tables.sink[j]):
        return False
    others = np.delete(np.arange(tables.nodes), [i, j])
    return bool(
        tables.link[i, j] == tables.link[j, i]
        and (tables.link[i, others] == tables.link[j, others]).all()
        and (tables.link[others, i] == tables.link[others, j]).all()
    )


def patterns(tables: Tables, linked: Linked, goal: int) -> Iterator[Pattern]:
    """All patterns of one and two nodes, and of three whose links are equal.

    With whole ranges every number of layers counts, since all of them have to add up; otherwise
    a pattern of which a larger one takes the same nodes is left out.
    """
    rates = np.array([tables.rate[members[0]] for members in tables.classes])
    for size in (1, 2, 3):
        for members in combinations_with_replacement(range(len(rates)), size):
            if size == 3 and len({linked.of_class[c] for c in members}) > 1:
                continue
            if any(members.count(c) > len(tables.classes[c]) for c in set(members)):
                continue
            held = rates[list(members)]
            needless = held.sum(axis=0) - held.min(axis=0) >= goal
            all_hold = (held > 0).all(axis=0)
            fits = np.flatnonzero(all_hold & (held.sum(axis=0) >= goal) & ~needless)
            if not fits.size:
                continue
            sort = tuple(sorted(linked.of_class[c] for c in members))
            for k in fits[-1:] if tables.partial else fits:
                yield Pattern(int(k) + 1, members, sort)
