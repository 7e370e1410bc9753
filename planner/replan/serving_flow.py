"""Changes of a cluster's nodes, and which nodes have to load other layers.

Moving weights has no price here: what is replanned is for the time after the move. The plan in
force is not remembered by the changed problem; moves() compares the two.
"""

from itertools import groupby

from models.problems.serving_flow import NodeType, ServingFlowPlan, ServingFlowProblem
from planner.replan.move import ChangeError, Move, factor_of


def changed(
    problem: ServingFlowProblem,
    _plan: ServingFlowPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> ServingFlowProblem:
    """The problem without the lost nodes and with others slower; see planner.replan.changed."""
    if ns_per_mib:
        reason = "the flow of a cluster does not count moves: they have no price"
        raise ChangeError(reason, "migration_weight")
    nodes = {node.name: node for node in problem.nodes}
    for about, names in (("lost", lost), ("slowed", tuple(name for name, _ in slowed))):
        for name in names:
            if name not in nodes:
                raise ChangeError(f"there is no node '{name}'", about)
    types = {item.name: item for item in problem.node_types}
    for name, text in slowed:
        slow = _slower(types[nodes[name].type], name, text)
        types[slow.name] = slow
        nodes[name] = nodes[name].model_copy(update={"type": slow.name})
    kept = tuple(node for node in nodes.values() if node.name not in lost)
    if not kept:
        raise ChangeError("no node is left", "lost")
    links = tuple(link for link in problem.links if not {link.source, link.target} & set(lost))
    used = {node.type for node in kept}
    fields = {
        "nodes": kept,
        "node_types": tuple(item for item in types.values() if item.name in used),
        "links": links,
    }
    return problem.model_copy(update=fields)


def _slower(kind: NodeType, node: str, text: str) -> NodeType:
    """A type of its own for a node that is so many times slower."""
    factor = factor_of(text)
    rates = tuple(
        max(1, rate * factor.denominator // factor.numerator) for rate in kind.utokens_per_s
    )
    return NodeType(name=f"{node}/slowed"[:100], utokens_per_s=rates)


def moves(
    problem: ServingFlowProblem, before: ServingFlowPlan, after: ServingFlowPlan
) -> tuple[Move, ...]:
    """Layers that nodes have to load; sizes are not part of the problem: 0 bytes."""
    del problem
    had = {item.node: set(range(item.start, item.stop)) for item in before.placements}
    found = []
    for item in after.placements:
        fresh = sorted(set(range(item.start, item.stop)) - had.get(item.node, set()))
        # A new range may reach beyond the old one at both ends; what lies between stays.
        for _, run in groupby(enumerate(fresh), key=lambda place: place[1] - place[0]):
            layers = [layer for _, layer in run]
            span = (
                f"layers {layers[0]} to {layers[-1]}" if len(layers) > 1 else f"layer {layers[0]}"
            )
            found.append(Move(span, None, item.node, 0))
    return tuple(found)
