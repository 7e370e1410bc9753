"""Baselines of expert placement.

EPLB in one paragraph (deepseek-ai/EPLB, 2025; its README and rebalance_experts): groups are packed
to nodes, longest first to the node with the least load, equally many to each; inside a node the
next replica goes to the expert with the largest load per replica; replicas are packed to devices in
the same way, equally many to each. Where groups do not bind, all devices are one node. It knows one
load per expert, so that windows are added up by weight; where rates or slots differ, which its
contract does not know, loads count per rate and each device takes as many as it has slots.

Contiguous: experts in order, replicas left over from the first expert on again.
"""

import numpy as np

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress
from solvers.tables.expert_balance import Floats, Ints, Layer, build, plan_of, too_few
from solvers.tables.expert_balance_hops import admissible


def pack(loads: Floats, room: Ints, rate: Ints) -> Ints:
    """[n] the place of each item: longest first, to the place with least load per rate and room."""
    left, held = room.copy(), np.zeros(len(room))
    places = np.zeros(len(loads), dtype=np.int64)
    for item in np.argsort(-loads, kind="stable").tolist():
        place = int(np.argmin(np.where(left > 0, held / rate, np.inf)))
        places[item] = place
        left[place] -= 1
        held[place] += loads[item]
    return places


def replicated(loads: Floats, slots: int) -> Ints:
    """[E] replicas of each expert: the next one to the largest load per replica."""
    number = np.ones(len(loads), dtype=np.int64)
    for _ in range(slots - len(loads)):
        number[int(np.argmax(loads / number))] += 1
    return number


def nodes_of_groups(layer: Layer, loads: Floats) -> Ints:
    """[E] the node of each expert, groups packed to nodes."""
    total = np.bincount(layer.group, weights=loads).astype(np.float64)
    rate = np.array([layer.rate[layer.node == n].sum() for n in range(layer.nodes)])
    return np.asarray(pack(total, np.full(layer.nodes, layer.each), rate)[layer.group])


def eplb(layer: Layer, node_of: Ints | None = None) -> Ints:
    """[E, G] replicas by EPLB; node_of: [E] instead of its own packing of groups."""
    loads = (layer.weight @ layer.loads).astype(np.float64)
    chosen = nodes_of_groups(layer, loads) if node_of is None else node_of
    counts = np.zeros((layer.experts, layer.devices), dtype=np.int64)
    for node in range(layer.nodes):
        experts, devices = np.flatnonzero(chosen == node), np.flatnonzero(layer.node == node)
        slots = layer.slots[devices]
        number = replicated(loads[experts], int(slots.sum()))
        items = np.repeat(np.arange(len(experts)), number)
        places = pack((loads[experts] / number)[items], slots, layer.rate[devices])
        np.add.at(counts, (experts[items], devices[places]), 1)
    return counts


def contiguous(layer: Layer) -> Ints:
    """[E, G] experts in order on the devices of their node."""
    counts = np.zeros((layer.experts, layer.devices), dtype=np.int64)
    for node in range(layer.nodes):
        experts = np.flatnonzero(layer.group // layer.each == node)
        places = np.repeat(np.arange(layer.devices), np.where(layer.node == node, layer.slots, 0))
        np.add.at(counts, (experts[np.arange(len(places)) % len(experts)], places), 1)
    return counts


class _LayerByLayer:
    """One layer after another, each in one go."""

    name: str

    def solve(
        self,
        problem: ExpertBalanceProblem,
        limits: Limits,
        hint: ExpertBalancePlan | None = None,
        report: Progress[ExpertBalancePlan] | None = None,
    ) -> Claim[ExpertBalancePlan]:
        """A plan, or none where slots are too few or hops ask for more balance than it gives."""
        layers = build(problem)
        if not all(layer.feasible for layer in layers):
            return Claim(self.name, Reason.HEURISTIC, detail=too_few(layers[0]))
        placed = [self.place(layer) for layer in layers]
        if not admissible(problem, layers, placed):
            return Claim(self.name, Reason.HEURISTIC, detail="out of balance")
        return Claim(self.name, Reason.HEURISTIC, plan_of(placed))

    def place(self, layer: Layer) -> Ints:
        """[E, G] replicas of one layer."""
        raise NotImplementedError


class Eplb(_LayerByLayer):
    """The published heuristic."""

    name = "eplb"

    def place(self, layer: Layer) -> Ints:
        """See the module."""
        return eplb(layer)


class Contiguous(_LayerByLayer):
    """Experts in order."""

    name = "contiguous"

    def place(self, layer: Layer) -> Ints:
        """See the module."""
        return contiguous(layer)
