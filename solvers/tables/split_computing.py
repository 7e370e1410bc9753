"""Integer cost vectors of a split-computing problem under one policy of gates.

Every term of a plan (a layer on a device, a gate, an encoder, a crossing) is a vector of M
*metrics*: latency in ns per scenario, energy in µJ per scenario, bytes, loss in ppm. There is one
scenario when the expectation counts; in the worst case scenarios that are nowhere slower than
another are left out, since that other one is never cheaper for any plan.

Nodes: 0 is the input, 1..n the layers in topological order, each also naming its output tensor.
"""

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
import numpy.typing as npt

from models.problems.split_computing import (
    BottleneckUse,
    Crossing,
    Placement,
    SplitComputingPlan,
)
from solvers.base import UNREACHABLE

Ints = npt.NDArray[np.int64]
Vector = tuple[int, ...]
Form = tuple[str, Vector]
Sent = dict[tuple[int, int], str]


@dataclass(frozen=True, eq=False)
class Through:
    """A bottleneck on a hop: its name, the node it stands at, the hop, its whole cost."""

    name: str
    after: int
    hop: int
    cost: Vector


@dataclass(frozen=True, eq=False)
class Tables:
    """What a method reads, under one policy (None: no gates).

    run: [n + 1, K, M] cost of a node on a device, its gate included (node 0: zeros);
    forms: per (tensor, hop) the non-dominated representations with their costs;
    through: bottlenecks on hops where both ends can code, no gate inside what they replace;
    readers, sources: per node the nodes that read it, and that it reads;
    ahead: per node its layers up to it, itself included; limit: [M], UNREACHABLE where none;
    aims: the metrics whose largest is minimised; start: cost of choosing the policy.
    """

    names: tuple[str, ...]
    devices: tuple[str, ...]
    policy: str | None
    run: Ints
    forms: dict[tuple[int, int], tuple[Form, ...]]
    through: tuple[Through, ...]
    readers: tuple[tuple[int, ...], ...]
    sources: tuple[tuple[int, ...], ...]
    limit: Vector
    aims: tuple[int, ...]
    start: Vector
    is_chain: bool

    @property
    def layers(self) -> int:
        """The number n."""
        return len(self.names) - 1

    @property
    def hops(self) -> int:
        """The number K - 1."""
        return len(self.devices) - 1

    @property
    def metrics(self) -> int:
        """The number M."""
        return len(self.limit)

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """The metrics that matter: aims, and those with a limit that some plan could pass."""
        return matter(self.limit, self.aims)

    @cached_property
    def replaced(self) -> dict[int, frozenset[int]]:
        """For each bottleneck's node, the layers it replaces."""
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(1, self.layers + 1))
        graph.add_edges_from((u, v) for u, row in enumerate(self.readers) if u for v in row)
        return {t.after: frozenset({t.after, *nx.ancestors(graph, t.after)}) for t in self.through}

    def cost(self, levels: dict[int, int], sent: Sent, use: Through | None) -> Vector:
        """The metrics of a whole plan."""
        total = np.array(self.start, dtype=np.int64)
        if levels:
            total += self.run[list(levels), list(levels.values())].sum(axis=0)
        for crossing, name in sent.items():
            total += dict(self.forms[crossing])[name]
        if use is not None:
            total += use.cost
        return tuple(total.tolist())

    def value(self, cost: Vector) -> int:
        """The objective of a plan's metrics."""
        return max(cost[m] for m in self.aims)

    def allowed(self, cost: Vector) -> bool:
        """Whether a plan's metrics keep to the limits."""
        return all(value <= limit for value, limit in zip(cost, self.limit, strict=True))

    def needed(self, levels: dict[int, int], use: Through | None) -> list[tuple[int, int]]:
        """(tensor, hop) that a placement of the layers that run has to send."""
        at = {0: 0, **levels}
        behind = dict.fromkeys(at, 0)
        if use is not None:
            behind[0] = use.hop
            at[use.after] = use.hop + 1
            behind[use.after] = 0
        for node, level in levels.items():
            for source in self.sources[node]:
                behind[source] = max(behind[source], level)
        return [(node, hop) for node, level in at.items() for hop in range(level, behind[node])]

    def plan(self, levels: dict[int, int], sent: Sent, use: Through | None) -> SplitComputingPlan:
        """The plan document."""
        held: list[list[str]] = [[] for _ in self.devices]
        for node in sorted(levels):
            held[levels[node]].append(self.names[node])
        return SplitComputingPlan(
            placement=tuple(
                Placement(device=device, layers=tuple(layers))
                for device, layers in zip(self.devices, held, strict=True)
                if layers
            ),
            crossings=tuple(
                Crossing(tensor=self.names[u], hop_from=self.devices[hop], representation=form)
                for (u, hop), form in sorted(sent.items(), key=lambda item: item[0][::-1])
            ),
            bottleneck=None
            if use is None
            else BottleneckUse(name=use.name, hop_from=self.devices[use.hop]),
            policy=self.policy,
        )


def matter(limit: Vector, aims: tuple[int, ...]) -> tuple[int, ...]:
    """The metrics that are aimed at or limited."""
    return tuple(m for m, most in enumerate(limit) if m in aims or most < UNREACHABLE)
