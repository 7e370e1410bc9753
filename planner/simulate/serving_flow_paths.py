"""A maximal flow as paths that carry fixed shares of it, and whose turn it is among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from planner.verify.serving_flow import SINK, SOURCE, Arcs, Vertex

Arc = tuple[Vertex, Vertex]


@dataclass(frozen=True)
class Path:
    """Vertices from the source to the sink, and how much of the flow takes them, µtokens/s."""

    vertices: tuple[Vertex, ...]
    utokens_per_s: int

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """From vertex to vertex."""
        return tuple(pairwise(self.vertices))


def paths(sent: Arcs) -> tuple[Path, ...]:
    """A flow without circles as paths, no more than it has arcs; sent: on each arc, µtokens/s."""
    left = {
        tail: {head: rate for head, rate in heads.items() if rate > 0}
        for tail, heads in sent.items()
    }
    found = []
    while left[SOURCE]:
        vertices = [SOURCE]
        while vertices[-1] != SINK:
            heads = left[vertices[-1]]
            vertices.append(max(heads, key=lambda head: heads[head]))
        steps = list(pairwise(vertices))
        amount = min(left[tail][head] for tail, head in steps)
        for tail, head in steps:
            left[tail][head] -= amount
            if left[tail][head] == 0:
                del left[tail][head]
        found.append(Path(tuple(vertices), amount))
    return tuple(found)


def smallest_cut(arcs: Arcs, sent: Arcs) -> frozenset[Arc]:
    """The arcs of a cut that a maximal flow fills; arcs: what may pass each."""
    back: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in arcs}
    for tail, heads in sent.items():
        for head, rate in heads.items():
            if rate > 0:
                back[head].append(tail)
    reached, todo = {SOURCE}, [SOURCE]
    while todo:
        tail = todo.pop()
        beyond = [head for head, rate in arcs[tail].items() if sent[tail][head] < rate]
        for head in beyond + back[tail]:
            if head not in reached:
                reached.add(head)
                todo.append(head)
    return frozenset((tail, head) for tail in reached for head in arcs[tail] if head not in reached)


def turns(weights: Sequence[int], number: int) -> list[int]:
    """Whose turn it is, by index, so that everybody is always within one turn of its share.

    Source: Tijdeman, The chairman assignment problem, Discrete Mathematics 32 (1980): of those who
    are due 1 / (2 k - 2) of a turn or more, the one whose next turn is the first to be too late.
    """
    total, scale = sum(weights), max(1, 2 * len(weights) - 2)
    had = [0] * len(weights)
    found = []
    for turn in range(1, number + 1):
        due = [turn * weight - total * count for weight, count in zip(weights, had, strict=True)]
        able = [i for i, amount in enumerate(due) if scale * amount >= total]
        # (1 - 1 / scale - due / total) / (weight / total), all times total: exact as a fraction.
        chosen = min(able, key=lambda i: Fraction(total * (scale - 1) - scale * due[i], weights[i]))
        had[chosen] += 1
        found.append(chosen)
    return found
