"""Maximum flows between two vertices by OR-Tools (push-relabel, 64-bit integers, exact)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ortools.graph.python.max_flow import SimpleMaxFlow

__all__ = ["SINK", "SOURCE", "Flow", "maximum_flow"]

SOURCE, SINK = 0, 1

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Flow:
    """A maximum flow: its value, and [vertices] which are on the source's side of a minimum cut."""

    value: int
    near: Bools


def maximum_flow(vertices: int, tails: Ints, heads: Ints, room: Ints) -> Flow:
    """The maximum flow from vertex 0 to vertex 1 through arcs of the given capacities.

    Raises AssertionError where sums of capacities may leave 64 bits.
    """
    solver = SimpleMaxFlow()
    solver.add_arcs_with_capacity(tails, heads, room)
    # The library counts vertices by their arcs: source, sink and the last one have to be there.
    solver.add_arc_with_capacity(SOURCE, SINK, 0)
    solver.add_arc_with_capacity(SOURCE, vertices - 1, 0)
    status = solver.solve(SOURCE, SINK)
    if status != SimpleMaxFlow.OPTIMAL:
        raise AssertionError(f"the maximum flow ended with {status}")
    near = np.zeros(vertices, dtype=np.bool_)
    near[solver.get_source_side_min_cut()] = True
    return Flow(int(solver.optimal_flow()), near)
