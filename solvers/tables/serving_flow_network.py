"""Maximum flows in networks of a few hundred vertices, by shortest paths (Edmonds and Karp 1972).

Capacities stand in a matrix, so that a step of the search is one operation on its rows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SOURCE, SINK = 0, 1

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Flow:
    """A maximum flow: its value, and [v] which are on the source's side of a minimum cut."""

    value: int
    near: Bools


def maximum_flow(room: Ints) -> Flow:
    """The maximum flow from vertex 0 to vertex 1; room: [v, v] capacity from row to column."""
    left = room.copy()
    value = 0
    while True:
        came = _search(left)
        if came[SINK] < 0:
            return Flow(value, came >= 0)
        path = [SINK]
        while path[-1] != SOURCE:
            path.append(int(came[path[-1]]))
        heads, tails = np.array(path[:-1]), np.array(path[1:])
        amount = int(left[tails, heads].min())
        left[tails, heads] -= amount
        left[heads, tails] += amount
        value += amount


def _search(left: Ints) -> Ints:
    """[v] the vertex before each one that anything more can reach, -1 for the others."""
    came = np.full(len(left), -1)
    came[SOURCE] = SOURCE
    front = np.array([SOURCE])
    while front.size and came[SINK] < 0:
        reached = (left[front] > 0) & (came < 0)
        fresh = np.flatnonzero(reached.any(axis=0))
        came[fresh] = front[reached[:, fresh].argmax(axis=0)]
        front = fresh
    return came
