"""Minimum s-t cuts by the maximum flow of OR-Tools (push-relabel, 64-bit integers, exact).

Nodes that arcs without limit tie to the source or the sink are merged with it first, so that no
arc without limit leaves the source: all flow is then at most the finite capacities there, and the
64 bits that hold these hold every intermediate sum.
"""

from ortools.graph.python.max_flow import SimpleMaxFlow

__all__ = ["LARGEST", "SINK", "SOURCE", "Network"]

SOURCE, SINK = 0, 1
# Most that all finite capacities may add up to.
LARGEST = 2**62


class Network:
    """Arcs between nodes; 0 is the source, 1 the sink."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self.arcs: list[tuple[int, int, int]] = []
        self.ties: list[tuple[int, int]] = []

    def pay(self, tail: int, head: int, price: int) -> None:
        """An arc that costs its price, at least 0, when it is cut; parallel ones add up."""
        self.arcs.append((tail, head, price))

    def forbid(self, tail: int, head: int) -> None:
        """An arc that cannot be cut: where the tail is on the source's side, so is the head."""
        self.ties.append((tail, head))

    def source_side(self) -> set[int] | None:
        """The fewest nodes on the source's side of a minimum cut; None where there is no cut.

        Raises OverflowError where the finite prices add up to 2^62 or more.
        """
        total = sum(price for _, _, price in self.arcs)
        if total >= LARGEST:
            raise OverflowError("capacities add up to more than 64 bits hold")
        before = _reached(SOURCE, self.ties)
        behind = _reached(SINK, [(head, tail) for tail, head in self.ties])
        if before & behind:
            return None
        merged = list(range(self.nodes))
        for node in before:
            merged[node] = SOURCE
        for node in behind:
            merged[node] = SINK
        flow = SimpleMaxFlow()
        for tail, head, price in (*self.arcs, *((a, b, total + 1) for a, b in self.ties)):
            if merged[tail] != merged[head] and merged[tail] != SINK and merged[head] != SOURCE:
                flow.add_arc_with_capacity(merged[tail], merged[head], price)
        # A node without arcs makes the library's count of nodes reach source and sink.
        flow.add_arc_with_capacity(SOURCE, SINK, 0)
        status = flow.solve(SOURCE, SINK)
        if status != SimpleMaxFlow.OPTIMAL:
            raise AssertionError(f"the maximum flow ended with {status}")
        return before | set(flow.get_source_side_min_cut())


def _reached(start: int, arcs: list[tuple[int, int]]) -> set[int]:
    """The nodes that arcs lead to from one."""
    found, waiting = {start}, [start]
    if not any(tail == start for tail, _ in arcs):
        return found
    leads: dict[int, list[int]] = {}
    for tail, head in arcs:
        leads.setdefault(tail, []).append(head)
    while waiting:
        for node in leads.get(waiting.pop(), ()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
