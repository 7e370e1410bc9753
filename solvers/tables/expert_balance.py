"""One layer of a placement of experts as arrays, and the exact value of replicas in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm

import numpy as np
import numpy.typing as npt

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Mode

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NS_PER_S = 10**9
# Sets of devices of a split that are listed outright.
MOST_DEVICES = 10


@dataclass(frozen=True, eq=False)
class Layer:
    """T windows of E experts on G devices.

    loads: [T, E]; weight: [T]; tail: its weight and how many windows; rate: [G] tokens per s;
    slots: [G]; node: [G], group: [E] numbers, all 0 where groups are not bound to nodes; each:
    groups per node; held: [E, G] where the placement in force has experts; move_ns: of one more.
    """

    loads: Ints
    weight: Ints
    tail: tuple[int, int]
    rate: Ints
    slots: Ints
    node: Ints
    group: Ints
    each: int
    held: Bools
    move_ns: int
    mode: Mode

    @property
    def experts(self) -> int:
        """E."""
        return int(self.loads.shape[1])

    @property
    def devices(self) -> int:
        """G."""
        return len(self.rate)

    @property
    def nodes(self) -> int:
        """How many nodes bind groups; 1 where none do."""
        return int(self.node.max()) + 1

    @property
    def spare(self) -> int:
        """Slots beyond one for each expert."""
        return int(self.slots.sum()) - self.experts

    @property
    def feasible(self) -> bool:
        """Whether each node has a slot for every expert of its groups."""
        per_node = self.experts // self.nodes
        return all(int(self.slots[self.node == n].sum()) >= per_node for n in range(self.nodes))


def build(problem: ExpertBalanceProblem) -> list[Layer]:
    """A table per layer; layers do not interact where time is minimised."""
    names = problem.nodes
    bound = problem.hierarchical
    places = [names.index(str(d.node)) if bound else 0 for d in problem.devices]
    size = problem.experts // problem.groups
    group = np.arange(problem.experts) // size if bound else np.zeros(problem.experts, np.int64)
    slots = np.array([device.slots for device in problem.devices], dtype=np.int64)
    loads = np.array([window.loads for window in problem.windows], dtype=np.int64)
    before = problem.previous
    nothing = np.ones((problem.experts, len(slots)), dtype=np.bool_)
    # A tail of all windows is a weight more for each.
    whole = problem.tail_weight if problem.tail_windows == len(problem.windows) else 0
    return [
        Layer(
            loads=loads[:, layer],
            weight=np.array([window.weight + whole for window in problem.windows], dtype=np.int64),
            tail=(problem.tail_weight - whole, problem.tail_windows),
            rate=np.array([d.tokens_per_s for d in problem.devices], dtype=np.int64),
            slots=slots,
            node=np.array(places, dtype=np.int64),
            group=group,
            each=problem.groups // len(names) if bound else 1,
            held=nothing
            if before is None
            else counted(before.physical_to_logical_map[layer], slots, problem.experts) > 0,
            move_ns=0 if before is None else before.ns_per_replica,
            mode=problem.mode,
        )
        for layer in range(problem.layers)
    ]


def too_few(layer: Layer) -> str:
    """Why a layer is not feasible."""
    if layer.spare < 0 or layer.nodes == 1:
        return "fewer slots than experts"
    return "a node has fewer slots than its groups have experts"


def restricted(layer: Layer, experts: Ints, devices: Ints) -> Layer:
    """The part of a layer that some experts and devices are, with nothing bound to nodes."""
    return replace(
        layer,
        loads=layer.loads[:, experts],
        rate=layer.rate[devices],
        slots=layer.slots[devices],
        node=np.zeros(len(devices), dtype=np.int64),
        group=np.zeros(len(experts), dtype=np.int64),
        each=1,
        held=layer.held[np.ix_(experts, devices)],
    )


def counted(row: Sequence[int], slots: Ints, experts: int) -> Ints:
    """[E, G] replicas in a row of the map; numbers that are no expert are left out."""
    expert = np.array(row, dtype=np.int64)
    device = np.repeat(np.arange(len(slots)), slots)
    known = (expert >= 0) & (expert < experts)
    counts = np.zeros((experts, len(slots)), dtype=np.int64)
    np.add.at(counts, (expert[known], device[known]), 1)
    return counts


def mapped(counts: Ints) -> tuple[int, ...]:
    """The row of the map of [E, G] replicas; experts in order within a device."""
    experts = np.arange(len(counts))
    return tuple(int(e) for column in counts.T for e in np.repeat(experts, column))


def plan_of(layers: Sequence[Ints]) -> ExpertBalancePlan:
    """The plan with these replicas."""
    return ExpertBalancePlan(physical_to_logical_map=tuple(mapped(counts) for counts in layers))


def hinted(
    problem: ExpertBalanceProblem, layers: list[Layer], hint: ExpertBalancePlan | None
) -> list[Ints | None]:
    """Per layer the replicas of a hint, None where it breaks a rule."""
    rows = () if hint is None else hint.physical_to_logical_map
    if len(rows) != len(layers) or any(len(row) != problem.slots for row in rows):
        return [None] * len(layers)
    found = [
        counted(row, layer.slots, layer.experts) for layer, row in zip(layers, rows, strict=True)
    ]
    return [n if holds(layer, n) else None for layer, n in zip(layers, found, strict=True)]


def holds(layer: Layer, counts: Ints) -> bool:
    """Whether replicas [E, G] keep to slots, experts and groups."""
    if (counts.sum(axis=0) != layer.slots).any() or (counts.sum(axis=1) < 1).any():
        return False
    if layer.nodes == 1:
        return True
    held = np.zeros((layer.group.max() + 1, layer.nodes), dtype=np.bool_)
    expert, device = np.nonzero(counts)
    held[layer.group[expert], layer.node[device]] = True
    return bool((held.sum(axis=1) == 1).all() and (held.sum(axis=0) == layer.each).all())


def value(layer: Layer, counts: Ints) -> int:
    """The layer's part of the objective, ns, exactly; split: of up to MOST_DEVICES devices."""
    times = _split_ns(layer, counts) if layer.mode is Mode.SPLIT else equal_ns(layer, counts)
    moved = int(((counts > 0) & ~layer.held).sum())
    return weighted(layer, times) + moved * layer.move_ns


def weighted(layer: Layer, times: list[int]) -> int:
    """Weights and tail applied to [T] ns."""
    weight, windows = layer.tail
    total = sum(int(w) * time for w, time in zip(layer.weight.tolist(), times, strict=True))
    return total + weight * sum(sorted(times, reverse=True)[:windows])


def equal_ns(layer: Layer, counts: Ints) -> list[int]:
    """[T] ns where all replicas of an expert take the same, rounded up.

    Exact: loads in parts of the replica counts' common multiple are whole numbers.
    """
    number = [int(n) for n in counts.sum(axis=1)]
    parts = lcm(*number)
    share = np.array([parts // n for n in number], dtype=object)[:, None] * counts
    tokens = layer.loads.astype(object) @ share
    rates = layer.rate.tolist()
    return [
        max(-(-NS_PER_S * load // (parts * rate)) for load, rate in zip(row, rates, strict=True))
        for row in tokens.tolist()
    ]


def _split_ns(layer: Layer, counts: Ints) -> list[int]:
    """[T] ns by Hall's condition over all sets of devices."""
    sets = all_sets(layer.devices)
    inside = ~((counts > 0) @ ~sets.T)
    tokens = layer.loads @ inside.astype(np.int64)
    rates = [int(rate) for rate in sets @ layer.rate]
    return [
        max(-(-NS_PER_S * load // rate) for load, rate in zip(row, rates, strict=True))
        for row in tokens.tolist()
    ]


def all_sets(devices: int) -> Bools:
    """[2^G - 1, G] every set of devices but the empty one."""
    numbers = np.arange(1, 2**devices)
    return (numbers[:, None] >> np.arange(devices) & 1).astype(np.bool_)
