"""A DAG partition as every method sees it: groups of operators, nets, an order, in numpy arrays.

A *group* is a set of operators that no plan, or no plan that has to be considered, takes apart:

- a colocation class; where contiguous, also classes on a cycle of forward edges;
- a group that takes no time anywhere and no room that could be short, taken up by a neighbour on
  whose device it never costs more (`_absorbable`). Tarnawski et al. do so in code for groups with
  a single neighbour (performTrivialNodeOptimizations), there whatever their size.

A *net* is a producer's transfer with the groups it touches; nets on the same groups are one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
import numpy.typing as npt

from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Part,
)
from solvers.tables.kept import kept

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tables:
    """Groups 0..m-1 in an order that respects all forward edges.

    members: operator names per group; accelerator_ns [m], 0 where unsupported; supported [m];
    cpu_ns, size_bytes [m]; nets: (ascending groups, ns); before: pairs (g, h), g < h, such that h
    is on no earlier device than g.
    """

    members: tuple[tuple[str, ...], ...]
    accelerator_ns: Ints
    cpu_ns: Ints
    size_bytes: Ints
    supported: Bools
    nets: tuple[tuple[tuple[int, ...], int], ...]
    before: tuple[tuple[int, int], ...]
    accelerators: int
    cpus: int
    memory_bytes: int
    contiguous: bool

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.members)

    @cached_property
    def incidence(self) -> Bools:
        """[nets, m]: whether the net touches the group."""
        found = np.zeros((len(self.nets), self.groups), dtype=bool)
        for index, (ends, _) in enumerate(self.nets):
            found[index, list(ends)] = True
        return found

    @cached_property
    def net_ns(self) -> Ints:
        """[nets] cost on each device that cuts the net."""
        return np.array([cost for _, cost in self.nets], dtype=np.int64)

    @cached_property
    def first_and_last(self) -> tuple[Bools, Bools]:
        """[nets, m] ends of a net with no other end before them, and with none after them."""
        below = [0] * self.groups  # bits of the groups that come after each one
        for before, behind in reversed(self.before):
            below[before] |= 1 << behind | below[behind]
        first, last = self.incidence.copy(), self.incidence.copy()
        for index, (ends, _) in enumerate(self.nets):
            all_ends = sum(1 << end for end in ends)
            for end in ends:
                last[index, end] = not below[end] & all_ends
                for other in ends:
                    if below[end] >> other & 1:
                        first[index, other] = False
        return first, last

    def load_ns(self, held: Bools, device: DeviceClass) -> int:
        """The load of a device that holds the groups `held` [m]."""
        if device is DeviceClass.CPU:
            return int(self.cpu_ns[held].sum())
        return int(self.accelerator_ns[held].sum() + self.net_ns[self.cut(held)].sum())

    def cut(self, held: Bools) -> Ints:
        """The nets with some ends in `held` [m] and some elsewhere."""
        touched = self.incidence @ held.astype(np.int64)
        found: Ints = np.flatnonzero((touched > 0) & (touched < self.incidence.sum(axis=1)))
        return found

    def plan(self, parts: Iterable[tuple[DeviceClass, Sequence[int]]]) -> DagPartitionPlan:
        """The plan with these groups on these devices, in order; empty ones left out.

        Where the order says nothing, accelerators come first, then by the first operator held.
        """
        named = [(device, sorted(groups)) for device, groups in parts if len(groups)]
        if not self.contiguous:
            named.sort(key=lambda part: (part[0] is DeviceClass.CPU, part[1]))
        return DagPartitionPlan(
            parts=tuple(
                Part(device=device, operators=tuple(n for g in groups for n in self.members[g]))
                for device, groups in named
            )
        )

    def allows(self, parts: Sequence[tuple[DeviceClass, Sequence[int]]]) -> bool:
        """Whether parts that hold every group once keep to all rules."""
        fast = [list(held) for device, held in parts if device is DeviceClass.ACCELERATOR]
        if len(fast) > self.accelerators or len(parts) - len(fast) > self.cpus:
            return False
        place = {group: index for index, (_, held) in enumerate(parts) for group in held}
        return all(place[g] <= place[h] for g, h in self.before) and all(
            self.supported[held].all() and self.size_bytes[held].sum() <= self.memory_bytes
            for held in fast
        )

    def places(self, plan: DagPartitionPlan) -> list[tuple[DeviceClass, list[int]]] | None:
        """The groups of each part of a plan that holds any, or None where it is no plan of these.

        That is where groups are split, missing or doubled; whether it keeps to the rules is said by
        `allows`.
        """
        group_of = {name: g for g, names in enumerate(self.members) for name in names}
        parts = []
        for part in plan.parts:
            if any(name not in group_of for name in part.operators):
                return None
            held = Counter(group_of[name] for name in part.operators)
            if any(number != len(self.members[g]) for g, number in held.items()):
                return None
            if held:
                parts.append((part.device, sorted(held)))
        placed = [group for _, held in parts for group in held]
        return parts if sorted(placed) == list(range(self.groups)) else None


@kept
def build(problem: DagPartitionProblem) -> Tables:
    """The tables of a problem."""
    return _absorb(_grouped(problem))


def merge(tables: Tables, label: Sequence[int]) -> Tables:
    """The tables with groups of one label [m] joined, and whatever a cycle then joins."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(tables.groups))
    graph.add_edges_from(tables.before)
    first: dict[int, int] = {}
    for group, name in enumerate(label):
        other = first.setdefault(name, group)
        graph.add_edges_from([(other, group), (group, other)])
    condensed = nx.condensation(graph)
    lowest = {c: min(data["members"]) for c, data in condensed.nodes(data=True)}
    order = list(nx.lexicographical_topological_sort(condensed, key=lowest.__getitem__))
    to = {old: new for new, c in enumerate(order) for old in condensed.nodes[c]["members"]}
    return _relabelled(tables, [to[group] for group in range(tables.groups)], len(order))


def _relabelled(tables: Tables, to: Sequence[int], size: int) -> Tables:
    """The tables after group g has become part of group to[g]."""
    members: list[list[str]] = [[] for _ in range(size)]
    for group, names in enumerate(tables.members):
        members[to[group]] += names
    nets: Counter[tuple[int, ...]] = Counter()
    for ends, cost in tables.nets:
        joined = tuple(sorted({to[end] for end in ends}))
        if len(joined) > 1 and cost:
            nets[joined] += cost
    target = np.array(to, dtype=np.int64)
    supported = np.ones(size, dtype=bool)
    np.logical_and.at(supported, target, tables.supported)

    def total(column: Ints) -> Ints:
        summed = np.zeros(size, dtype=np.int64)
        np.add.at(summed, target, column)
        return summed

    return Tables(
        members=tuple(tuple(names) for names in members),
        accelerator_ns=np.where(supported, total(tables.accelerator_ns), 0),
        cpu_ns=total(tables.cpu_ns),
        size_bytes=total(tables.size_bytes),
        supported=supported,
        nets=tuple(sorted(nets.items())),
        before=_pairs(tables.before, to),
        accelerators=tables.accelerators,
        cpus=tables.cpus,
        memory_bytes=tables.memory_bytes,
        contiguous=tables.contiguous,
    )


def _pairs(pairs: Iterable[tuple[int, int]], to: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted({(to[a], to[b]) for a, b in pairs if to[a] != to[b]}))


def _grouped(problem: DagPartitionProblem) -> Tables:
    """One group per colocation class, classes on a cycle of forward edges joined."""
    operators = problem.operators
    index = {operator.name: number for number, operator in enumerate(operators)}
    consumers: dict[int, set[int]] = defaultdict(set)
    for source, target in problem.edges:
        consumers[index[source]].add(index[target])
    nets = [
        (tuple(sorted({source, *targets})), operators[source].transfer_ns)
        for source, targets in sorted(consumers.items())
    ]
    forward = problem.forward_edges if problem.contiguous else ()
    single = Tables(
        members=tuple((operator.name,) for operator in operators),
        accelerator_ns=np.array([o.accelerator_ns or 0 for o in operators], dtype=np.int64),
        cpu_ns=np.array([o.cpu_ns for o in operators], dtype=np.int64),
        size_bytes=np.array([o.size_bytes for o in operators], dtype=np.int64),
        supported=np.array([o.accelerator_ns is not None for o in operators], dtype=bool),
        nets=tuple(nets),
        before=tuple((index[u], index[v]) for u, v in forward),
        accelerators=problem.accelerators,
        cpus=problem.cpus,
        memory_bytes=problem.accelerator_memory_bytes,
        contiguous=problem.contiguous,
    )
    labels: dict[str, int] = {}
    label = [labels.setdefault(problem.class_of(o.name), len(labels)) for o in operators]
    return merge(single, label)


def _absorb(tables: Tables) -> Tables:
    """The tables after every group that costs nothing and may join a neighbour has done so."""
    while True:
        label = list(range(tables.groups))
        joined: set[int] = set()
        for group, other in _absorbable(tables):
            # A neighbour that moves itself in this round waits for the next one.
            if not {group, other} & joined:
                label[group] = other
                joined |= {group, other}
        if not joined:
            return tables
        tables = merge(tables, label)


def _absorbable(tables: Tables) -> Iterator[tuple[int, int]]:
    """Pairs (v, w): v costs nothing and is nowhere better off than on w's device.

    Where v moves to w, a net on both is cut no more often, and a net on v alone costs at most
    once more on the device left and on w's; a net on just v and w is paid no longer on either.
    """
    free = (tables.accelerator_ns == 0) & (tables.cpu_ns == 0) & tables.supported
    if int(tables.size_bytes.sum()) > tables.memory_bytes:
        free &= tables.size_bytes == 0
    touching: dict[int, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for net in tables.nets:
        for end in net[0]:
            touching[end].append(net)
    sides = _sides(tables)
    for group in np.flatnonzero(free).tolist():
        around = {end for ends, _ in touching[group] for end in ends} - {group}
        for other in sorted(_reachable(tables, sides[group], around)):
            without = sum(cost for ends, cost in touching[group] if other not in ends)
            between = sum(
                cost for ends, cost in touching[group] if len(ends) == 2 and other in ends
            )
            if between >= without:
                yield group, other
                break


def _sides(tables: Tables) -> list[tuple[set[int], set[int]]]:
    """The groups right before and right after each group."""
    found: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in range(tables.groups)]
    for before, behind in tables.before:
        found[behind][0].add(before)
        found[before][1].add(behind)
    return found


def _reachable(tables: Tables, sides: tuple[set[int], set[int]], around: set[int]) -> set[int]:
    """Groups whose device a group may move to, whatever the others do: the order holds."""
    if not tables.contiguous:
        return around
    return {other for side in sides if len(side) == 1 for other in side}
