"""Lower bounds from one accelerator that must hold at least its share of something.

Give every group a weight, and let W be the least total weight that is on the k accelerators in
any plan whose load is at most T, the rest being on CPUs. Some accelerator holds ceil(W / k) of it,
so its load, and with it the largest one, is at least

    min Σ_{g in S} accelerator_ns(g) + Σ_{N cut by S} ns   over S with weight(S) ≥ ceil(W / k)

a program with one device in place of k. Weights of 1 for all groups of at least a certain time
make it the pigeonhole argument: 25 layers on 6 accelerators put 5 of them on one, wherever the
transfers are then. Weights equal to the times give an average load with the transfers that no
set of that size avoids. The first is what integer programs over all devices fail to see.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from solvers.integer_program import IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.dag_partition import Ints, Tables

# Pigeonhole bounds whose programs are worth solving, the ones with the largest plain sums.
_THRESHOLDS = 3


@dataclass(frozen=True, eq=False)
class Anchor:
    """Weights [m], what some accelerator holds of them, and the time of that without transfers."""

    weight: Ints
    share: int
    least_ns: int

    @property
    def counts(self) -> bool:
        """Whether it is a pigeonhole argument: weights 0 and 1."""
        return int(self.weight.max(initial=0)) == 1


def anchors(tables: Tables, upper: int) -> list[Anchor]:
    """Anchors for plans of a load of at most `upper`: pigeonholes, then the average load."""
    if tables.accelerators == 0:
        return []
    found = sorted(_pigeonholes(tables, upper), key=lambda anchor: -anchor.least_ns)
    times = np.where(tables.supported, tables.accelerator_ns, 0)
    share = _share(tables, times, upper)
    return found[:_THRESHOLDS] + ([Anchor(times, share, share)] if share > 0 else [])


def program(tables: Tables, anchor: Anchor) -> IntegerProgram:
    """The least load of one accelerator that holds the anchor's share."""
    found = Builder()
    groups = [
        found.column(cost=int(time), upper=int(supported))
        for time, supported in zip(tables.accelerator_ns, tables.supported, strict=True)
    ]
    for (first, *others), cost in tables.nets:
        cut = found.column(cost=cost)
        for other in others:
            found.row([(groups[first], 1), (groups[other], -1), (cut, -1)], high=0)
            found.row([(groups[other], 1), (groups[first], -1), (cut, -1)], high=0)
    if int(tables.size_bytes.sum()) > tables.memory_bytes:
        sizes = zip(groups, tables.size_bytes.tolist(), strict=True)
        found.row(sizes, high=tables.memory_bytes)
    found.row(zip(groups, anchor.weight.tolist(), strict=True), low=anchor.share)
    return found.program()


def _pigeonholes(tables: Tables, upper: int) -> Iterator[Anchor]:
    """Anchors with weight 1 from a time on."""
    for threshold in np.unique(tables.accelerator_ns[tables.supported]).tolist():
        heavy = tables.supported & (tables.accelerator_ns >= threshold)
        share = _share(tables, heavy.astype(np.int64), upper)
        if share > 0 and threshold > 0:
            least = np.sort(tables.accelerator_ns[heavy])[:share]
            yield Anchor(heavy.astype(np.int64), share, int(least.sum()))


def _share(tables: Tables, weight: Ints, upper: int) -> int:
    """What some accelerator holds at least: CPUs take what has most weight for its time."""
    useful = np.flatnonzero(weight > 0)
    order = useful[np.argsort(tables.cpu_ns[useful] / weight[useful], kind="stable")]
    time = np.cumsum(tables.cpu_ns[order])
    room = tables.cpus * upper
    fitting = int(np.searchsorted(time, room, side="right")) if tables.cpus else 0
    # The group that fits in part counts in full unless all weights are alike.
    partial = 0 if tables.cpus == 0 or weight[useful].max(initial=0) == 1 else 1
    taken = int(weight[order[: fitting + partial]].sum())
    return -(-(int(weight.sum()) - taken) // tables.accelerators)
