"""Cuts by boundaries: what passes any placement at most, and what limits a given one.

Boundary b lies between layers b - 1 and b. Let S hold boundary 0 but not the last. A node is ahead
of the cut where it starts in S, behind it where it stops outside. Then in any placement

    flow ≤ Σ rates of the nodes that start in S and stop outside

where whole ranges follow each other, since no link leads across: it joins equal stops and starts.
With partial inference S has to be all boundaries up to a layer: the nodes that hold it pay. Where
no link binds these are all cuts there are.
"""

import numpy as np

from solvers.tables.serving_flow import Bools, Ints, Tables
from solvers.tables.serving_flow_network import maximum_flow


def at_layer(tables: Tables, layer: int) -> Bools:
    """[layers + 1] the boundaries up to a layer."""
    return np.arange(tables.layers + 1) <= layer


def minimum(tables: Tables, start: Ints, stop: Ints) -> Bools:
    """[layers + 1] a cut that is as large as the flow of a placement, where no link binds."""
    if tables.partial:
        return at_layer(tables, int(tables.coverage(start, stop).argmin()))
    # Boundaries as vertices, the last of them the sink, and nodes as arcs between them.
    vertex = np.arange(1, tables.layers + 2)
    vertex[0], vertex[-1] = 0, 1
    room = np.zeros((tables.layers + 1, tables.layers + 1), dtype=np.int64)
    np.add.at(room, (vertex[start], vertex[stop]), tables.rates(start, stop))
    near: Bools = maximum_flow(room).near[vertex]
    return near


def prices(tables: Tables, cut: Bools, node: int, start: Ints, stop: Ints) -> Ints:
    """What a node adds to a cut with each of some ranges."""
    rates = tables.rate[node, stop - start - 1]
    found: Ints = np.where(cut[start] & ~cut[stop], rates, 0)
    return found
