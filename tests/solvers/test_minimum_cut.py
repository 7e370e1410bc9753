"""The minimum cut of the backend against networkx, which shares no code with it."""

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networkx.algorithms.flow import preflow_push

from solvers.backends.minimum_cut import SINK, SOURCE, Network

NODES = 7
Arcs = list[tuple[int, int, int | None]]
ARCS = st.lists(
    st.tuples(
        st.integers(0, NODES - 1),
        st.integers(0, NODES - 1),
        st.one_of(st.none(), st.integers(0, 9), st.integers(0, 10**15)),
    ).filter(lambda arc: arc[0] != arc[1]),
    max_size=20,
)


def _network(arcs: Arcs) -> Network:
    network = Network(NODES)
    for tail, head, price in arcs:
        if price is None:
            network.forbid(tail, head)
        else:
            network.pay(tail, head, price)
    return network


def _reference(arcs: Arcs) -> int | None:
    """The least price of a cut by networkx, None where every cut is forbidden."""
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from(range(NODES))
    for tail, head, price in arcs:
        held = graph[tail][head].get("capacity") if graph.has_edge(tail, head) else 0
        if price is None or held is None:
            graph.add_edge(tail, head)
            graph[tail][head].pop("capacity", None)
        else:
            graph.add_edge(tail, head, capacity=price + held)
    try:
        value, _ = nx.minimum_cut(graph, SOURCE, SINK, flow_func=preflow_push)
    except nx.NetworkXUnbounded:
        return None
    return int(value)


@settings(deadline=None, max_examples=300)
@given(ARCS)
def test_the_cut_costs_what_networkx_finds(arcs: Arcs) -> None:
    """The side returned is a cut that breaks no tie and costs the least there is."""
    side = _network(arcs).source_side()
    least = _reference(arcs)
    assert (side is None) == (least is None)
    if side is None:
        return
    assert SOURCE in side
    assert SINK not in side
    crossing = [price for tail, head, price in arcs if tail in side and head not in side]
    assert None not in crossing
    assert sum(price or 0 for price in crossing) == least


def test_sums_beyond_64_bits_are_refused() -> None:
    """Capacities that could overflow raise instead of wrapping around."""
    with pytest.raises(OverflowError):
        _network([(SOURCE, 2, 2**61), (2, SINK, 2**61)]).source_side()
