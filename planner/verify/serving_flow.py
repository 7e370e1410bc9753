"""Replay of a placement from the raw instance: every rule, and its maximal flow, in integers.

Written from the mathematics in models/problems/serving_flow.py alone. The flow is found by shortest
augmenting paths (Edmonds and Karp, 1972), and what it found is held against a cut of equal
capacity, so that no mistake in the search can pass for a maximum.
"""

from collections import Counter, deque

from models.problems.serving_flow import Placement, ServingFlowPlan, ServingFlowProblem
from models.result import Breakdown, Verification, Violation

# Ends of arcs: the source, the sink, the way into a node and the way out of it.
Vertex = tuple[str, str]
SOURCE: Vertex = ("source", "")
SINK: Vertex = ("sink", "")
Arcs = dict[Vertex, dict[Vertex, int]]


def verify(problem: ServingFlowProblem, plan: ServingFlowPlan) -> Verification:
    """All violated rules, or else the shortfall, µtokens/s, and what passes each node.

    Rules: unknown-node, node-twice, node-missing, empty-range, outside-the-model, too-many-layers,
    no-flow.
    """
    violations = _names(problem, plan) or _ranges(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    flow, sent = maximal_flow(network(problem, plan))
    if flow == 0:
        missing = Violation(rule="no-flow", where="source to sink")
        return Verification(violations=(missing,))
    rows = tuple(_row(problem, item, sent) for item in plan.placements)
    totals = {
        "flow_utokens_per_s": flow,
        "bound_utokens_per_s": problem.compute_bound,
        "nodes_in_use": sum(int(row["flow_utokens_per_s"]) > 0 for row in rows),
    }
    return Verification(
        violations=(),
        objective=problem.compute_bound - flow,
        breakdown=Breakdown(rows=rows, totals=totals),
    )


def _names(problem: ServingFlowProblem, plan: ServingFlowPlan) -> list[Violation]:
    counts = Counter(item.node for item in plan.placements)
    known = [node.name for node in problem.nodes]
    found = [Violation(rule="unknown-node", where=name) for name in counts if name not in known]
    for name in known:
        if counts[name] > 1:
            found.append(Violation(rule="node-twice", where=name, excess=counts[name] - 1))
        if counts[name] == 0:
            found.append(Violation(rule="node-missing", where=name))
    return found


def _ranges(problem: ServingFlowProblem, plan: ServingFlowPlan) -> list[Violation]:
    found = []
    for item in plan.placements:
        held, most = item.stop - item.start, len(problem.throughput[item.node])
        beyond = item.stop - problem.layers
        if held < 1:
            found.append(Violation(rule="empty-range", where=item.node))
        if beyond > 0:
            found.append(
                Violation(rule="outside-the-model", where=item.node, excess=beyond, unit="layers")
            )
        elif held > most:
            found.append(
                Violation(
                    rule="too-many-layers", where=item.node, excess=held - most, unit="layers"
                )
            )
    return found


def network(problem: ServingFlowProblem, plan: ServingFlowPlan) -> Arcs:
    """What may pass from each vertex to the next."""
    ranges = {item.node: item for item in plan.placements}
    arcs: Arcs = {SOURCE: {}, SINK: {}}
    for node in problem.nodes:
        held = ranges[node.name]
        into, out = ("into", node.name), ("out of", node.name)
        arcs[into] = {out: problem.throughput[node.name][held.stop - held.start - 1]}
        arcs[out] = {}
        if held.start == 0 and node.from_source_utokens_per_s is not None:
            arcs[SOURCE][into] = node.from_source_utokens_per_s
        if held.stop == problem.layers and node.to_sink_utokens_per_s is not None:
            arcs[out][SINK] = node.to_sink_utokens_per_s
    for (a, b), rate in problem.rates.items():
        if _follows(problem, ranges[a], ranges[b]):
            arcs["out of", a]["into", b] = rate
    return arcs


def _follows(problem: ServingFlowProblem, before: Placement, after: Placement) -> bool:
    """Whether a node may go on where another has stopped."""
    if problem.partial_inference:
        return after.start <= before.stop < after.stop
    return after.start == before.stop


def maximal_flow(arcs: Arcs) -> tuple[int, Arcs]:
    """The maximal flow and what of it passes each arc."""
    left: Arcs = {vertex: dict(heads) for vertex, heads in arcs.items()}
    for tail, heads in arcs.items():
        for head in heads:
            left[head].setdefault(tail, 0)
    flow = 0
    while True:
        came = _search(left)
        if SINK not in came:
            break
        path = [SINK]
        while path[-1] != SOURCE:
            path.append(came[path[-1]])
        steps = list(zip(path[1:], path, strict=False))
        amount = min(left[tail][head] for tail, head in steps)
        for tail, head in steps:
            left[tail][head] -= amount
            left[head][tail] += amount
        flow += amount
    cut = sum(rate for tail in came for head, rate in arcs[tail].items() if head not in came)
    if cut != flow:
        raise AssertionError(f"the flow is {flow}, a cut of {cut} limits it")
    sent = {
        tail: {head: r - left[tail][head] for head, r in heads.items()}
        for tail, heads in arcs.items()
    }
    return flow, sent


def _search(left: Arcs) -> dict[Vertex, Vertex]:
    """The vertices that anything more can reach, each with the one before it."""
    came, waiting = {SOURCE: SOURCE}, deque([SOURCE])
    while waiting:
        tail = waiting.popleft()
        for head, room in left[tail].items():
            if room > 0 and head not in came:
                came[head] = tail
                waiting.append(head)
    return came


def _row(problem: ServingFlowProblem, item: Placement, sent: Arcs) -> dict[str, str | int]:
    into, out = ("into", item.node), ("out of", item.node)
    return {
        "node": item.node,
        "start": item.start,
        "stop": item.stop,
        "flow_utokens_per_s": max(0, sent[into][out]),
        "room_utokens_per_s": problem.throughput[item.node][item.stop - item.start - 1],
    }
