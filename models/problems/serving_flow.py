"""Serving throughput: layers placed on nodes so that requests flow through them in parallel.

Every node i holds a contiguous range of layers [start, stop), k of them, and then lets at most
t_i(k) tokens per second pass, as measured. A placement makes a network:

    source -> i    where i holds layer 0 and the source feeds it, at most that link's rate
    i -> j         where there is a link and j holds the layer behind i's last one, that is
                   start_j = stop_i, or with partial inference start_j ≤ stop_i < stop_j, where j
                   begins in the middle of its range; at most the link's rate
    i -> sink      where i holds the last layer and may feed the sink, at most that link's rate

and node i lets at most t_i(stop_i - start_i) through. Maximised is the maximal flow from source to
sink, tokens per second: each unit of it is a pipeline of its own, and pipelines share nodes. With

    bound = floor( Σ_i max_k k · t_i(k) / layers )

which no flow exceeds, since each token takes `layers` layers' worth of nodes, the same is to

    minimise the shortfall   bound - flow   in millionths of a token per second.

A placement through which nothing flows serves nothing: it is refused.

Source: Mei, Zhuang, Miao, Yang, Jia, Vinayak, Helix: Serving Large Language Models over
Heterogeneous GPUs and Network via Max-Flow, ASPLOS 2025, §4.3 (network), §4.4 (placement, partial
inference), §4.5 (the bound). Throughputs are measured per number of layers, as there: they need not
fall as layers are added, and every node holds at least one.
"""

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import check_links
from models.units import Quantity, format_quantity

MAX_NODES = 256
MAX_LAYERS = 1000
# 10 million tokens/s through one node; k times it stays far inside 64 bits.
TokenRate = Annotated[int, Quantity("microtoken/second", 10**13, "512.5 token/s", minimum=1)]
# A billion tokens/s on a link: what published clusters state for one that never binds.
LinkTokenRate = Annotated[int, Quantity("microtoken/second", 10**15, "75 ktoken/s", minimum=1)]


class NodeType(Document):
    """Nodes of one make; utokens_per_s[k - 1] pass a node that holds k layers."""

    name: Name
    utokens_per_s: Annotated[tuple[TokenRate, ...], Field(min_length=1, max_length=MAX_LAYERS)]


class ServingNode(Document):
    """A node, what the source may send to it and it to the sink; None where there is no link."""

    name: Name
    type: Name
    from_source_utokens_per_s: LinkTokenRate | None = None
    to_sink_utokens_per_s: LinkTokenRate | None = None


class TokenLink(Document):
    """A link between two nodes, in both directions unless `directed`, each at its rate."""

    source: Name
    target: Name
    utokens_per_s: LinkTokenRate
    directed: bool = False

    def directions(self) -> tuple[tuple[str, str], ...]:
        """The ordered pairs of nodes that it serves."""
        forward = (self.source, self.target)
        return (forward,) if self.directed else (forward, forward[::-1])


class ServingFlowProblem(Document):
    """Node types, nodes and links; see the module for the mathematics.

    default_link_utokens_per_s: what joins every pair that `links` does not name; without it such a
    pair has no link.
    """

    kind: Literal["serving_flow"] = "serving_flow"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    layers: Annotated[int, Field(ge=1, le=MAX_LAYERS)]
    node_types: Annotated[tuple[NodeType, ...], Field(min_length=1, max_length=MAX_NODES)]
    nodes: Annotated[tuple[ServingNode, ...], Field(min_length=1, max_length=MAX_NODES)]
    links: tuple[TokenLink, ...] = ()
    default_link_utokens_per_s: LinkTokenRate | None = None
    partial_inference: bool = True
    objective: Literal["shortfall"] = "shortfall"

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        mode = "with partial inference" if self.partial_inference else "whole ranges only"
        return f"shortfall of the flow, {mode}"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        nodes, layers = len(self.nodes), self.layers
        return f"{format_quantity(nodes, 'nodes')}, {format_quantity(layers, 'layers')}"

    @cached_property
    def throughput(self) -> dict[str, tuple[int, ...]]:
        """By name of the node, what passes it with 1, 2, … layers; no more than the model has."""
        types = {item.name: item.utokens_per_s[: self.layers] for item in self.node_types}
        return {node.name: types[node.type] for node in self.nodes}

    @cached_property
    def rates(self) -> dict[tuple[str, str], int]:
        """The rate of every ordered pair of nodes with a link."""
        names = [node.name for node in self.nodes]
        default = self.default_link_utokens_per_s
        found = {}
        if default is not None:
            found = {(a, b): default for a in names for b in names if a != b}
        found.update({p: link.utokens_per_s for link in self.links for p in link.directions()})
        return found

    @cached_property
    def compute_bound(self) -> int:
        """The bound of the module, µtokens/s: what the flow falls short of."""
        best = (
            max(k * rate for k, rate in enumerate(rates, start=1))
            for rates in self.throughput.values()
        )
        return sum(best) // self.layers

    @model_validator(mode="after")
    def _names_are_unique_and_known(self) -> Self:
        for group in ("node_types", "nodes"):
            names = [item.name for item in getattr(self, group)]
            twice = first_duplicate(names)
            if twice is not None:
                raise contradiction(
                    f"'{twice}' is named twice in {group}",
                    "give each its own name",
                    *(group, last_index(names, twice), "name"),
                )
        types = {item.name for item in self.node_types}
        for index, node in enumerate(self.nodes):
            if node.type not in types:
                raise contradiction(
                    f"there is no node type '{node.type}'",
                    f"use one of: {', '.join(sorted(types)[:8])}",
                    *("nodes", index, "type"),
                )
        return self

    @model_validator(mode="after")
    def _links_join_known_nodes_once(self) -> Self:
        check_links(self.links, {node.name for node in self.nodes}, "node")
        return self


class Placement(Document):
    """The layers start to stop - 1, counted from 0, on a node."""

    node: Name
    start: Annotated[int, Field(ge=0, le=MAX_LAYERS)]
    stop: Annotated[int, Field(ge=0, le=MAX_LAYERS)]


class ServingFlowPlan(Document):
    """One range of layers per node; the flow through them follows from it."""

    kind: Literal["serving_flow"] = "serving_flow"
    placements: tuple[Placement, ...]
