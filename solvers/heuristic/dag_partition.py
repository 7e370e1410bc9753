"""Partitions of a DAG without proof: published ones by name, and what people do by hand.

All of them give contiguous partitions, which are partitions of the free form too.
"""

from collections.abc import Iterable, Iterator

import networkx as nx

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem, DeviceClass
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.dag_partition import Tables, build, merge
from solvers.tables.dag_partition_chain import Parts
from solvers.tables.dag_partition_ideals import OutOfTimeError
from solvers.tables.dag_partition_linear import best_along, depth_first


class _Heuristic:
    """What the methods below share: tables of the contiguous form in, a claim out."""

    name: str

    def solve(
        self,
        problem: DagPartitionProblem,
        limits: Limits,
        hint: DagPartitionPlan | None = None,
        report: Progress[DagPartitionPlan] | None = None,
    ) -> Claim[DagPartitionPlan]:
        """A plan without proof, or none found."""
        watch = Stopwatch(limits, report)
        tables = build(problem.model_copy(update={"contiguous": True}))
        try:
            parts = self._parts(tables, watch)
        except OutOfTimeError:
            return Claim(self.name, watch.why())
        if parts is None:
            return Claim(self.name, Reason.HEURISTIC, detail="no such partition keeps to the rules")
        return Claim(self.name, Reason.HEURISTIC, tables.plan(parts))

    def _parts(self, tables: Tables, watch: Stopwatch) -> Parts | None:
        raise NotImplementedError


class LinearisedDp(_Heuristic):
    """The dynamic program along one depth-first order (Tarnawski et al., §5.1.2, "DPL")."""

    name = "linearised-dp"

    def _parts(self, tables: Tables, watch: Stopwatch) -> Parts | None:
        found = best_along(tables, [depth_first(tables)], watch)
        return None if found is None else found[1]


class PipeDream(_Heuristic):
    """PipeDream's planner as Tarnawski et al. run it: branches contracted, then a chain.

    Biconnected components of the undirected graph lose all cuts inside them (the tails of their
    edges are merged), and the rest is planned along one order. The published runs also leave out
    the edges of a few operators named by number, which this does not.
    """

    name = "pipedream"

    def _parts(self, tables: Tables, watch: Stopwatch) -> Parts | None:
        graph: nx.Graph[int] = nx.Graph(tables.before)
        tails = dict.fromkeys(frozenset(pair) for pair in tables.before)
        tail = {key: {a for a, b in tables.before if frozenset((a, b)) == key} for key in tails}
        label = list(range(tables.groups))
        for component in nx.biconnected_component_edges(graph):
            merged = {label[t] for edge in component for t in tail[frozenset(edge)]}
            label = [min(merged) if name in merged else name for name in label]
        contracted = merge(tables, label)
        found = best_along(contracted, [depth_first(contracted)], watch)
        return None if found is None else list(_named(tables, contracted, found[1]))


class Greedy(_Heuristic):
    """Along one order, each accelerator is filled to its share of the work, then the next.

    What does not run on an accelerator opens a part on a CPU.
    """

    name = "greedy"

    def _parts(self, tables: Tables, watch: Stopwatch) -> Parts | None:
        share = -(-int(tables.accelerator_ns.sum()) // max(1, tables.accelerators))
        parts: Parts = []
        filled = bytes_held = 0
        for group in depth_first(tables).tolist():
            size = int(tables.size_bytes[group])
            device = _device_for(tables, group)
            full = filled >= share or bytes_held + size > tables.memory_bytes
            if not parts or parts[-1][0] is not device or (full and device is not DeviceClass.CPU):
                parts.append((device, []))
                filled = bytes_held = 0
            parts[-1][1].append(group)
            filled += int(tables.accelerator_ns[group])
            bytes_held += size
        return parts if tables.allows(parts) else None


class OneDevice(_Heuristic):
    """Everything on one accelerator, or else on one CPU."""

    name = "one-device"

    def _parts(self, tables: Tables, watch: Stopwatch) -> Parts | None:
        everything = list(range(tables.groups))
        for device in (DeviceClass.ACCELERATOR, DeviceClass.CPU):
            parts: Parts = [(device, everything)]
            if tables.allows(parts):
                return parts
        return None


def _device_for(tables: Tables, group: int) -> DeviceClass:
    fits = tables.supported[group] and tables.size_bytes[group] <= tables.memory_bytes
    return DeviceClass.ACCELERATOR if fits and tables.accelerators else DeviceClass.CPU


def _named(
    tables: Tables, contracted: Tables, parts: Iterable[tuple[DeviceClass, list[int]]]
) -> Iterator[tuple[DeviceClass, list[int]]]:
    """The parts in groups of `tables` instead of the coarser ones of `contracted`."""
    group_of = {name: group for group, names in enumerate(tables.members) for name in names}
    for device, held in parts:
        names = [name for group in held for name in contracted.members[group]]
        yield device, sorted({group_of[name] for name in names})
