"""Nouns of split computing: networks cut into layers with measured times, and what crosses a cut.

A *tensor* is the model's input (named "input") or a layer's output, named like the layer.
"""

import itertools
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Self

import networkx as nx
from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.units import Bytes, Flops, FlopsPerSecond, Nanoseconds, Quantity, round_half_up

INPUT = "input"
# Twice the 2,000 nodes at which the minimum cut is measured.
MAX_SPLIT_LAYERS = 4096

PowerUjPerS = Annotated[int, Quantity("microjoule/second", 10**10, "5 J/s")]


class SplitDevice(Document):
    """A device of the row.

    type: the key under which times are measured, its own name when left out;
    flops_per_s, launch_overhead_ns: for work whose time was not measured;
    power_uj_per_s: drawn while it computes; 0 for a device on the mains, whose energy is nobody's.
    """

    name: Name
    type: Name | None = None
    flops_per_s: FlopsPerSecond | None = None
    launch_overhead_ns: Nanoseconds = 0
    power_uj_per_s: PowerUjPerS = 0

    @property
    def profile_type(self) -> str:
        """The device type under which measured times are looked up."""
        return self.type or self.name


class Work(Document):
    """Something that takes time: measured per device type, or else counted in operations."""

    time_ns: dict[Name, Nanoseconds] = {}
    flops: Flops | None = None

    def on(self, device: SplitDevice) -> int | None:
        """Time on a device, ns, flops / rate rounded half up; None where it is not known."""
        measured = self.time_ns.get(device.profile_type)
        if measured is not None:
            return measured
        if self.flops is None or device.flops_per_s is None:
            return None
        quotient = Fraction(self.flops * 10**9, device.flops_per_s)
        return round_half_up(quotient) + device.launch_overhead_ns


class SplitLayer(Work):
    """A layer, or a block that is never cut inside; output_bytes: its output, raw."""

    name: Name
    output_bytes: Bytes


class SplitModel(Document):
    """A DAG of layers, a chain in the order given where `edges` is left out.

    Layers without predecessors read the input.
    """

    name: Name
    input_bytes: Bytes
    layers: Annotated[tuple[SplitLayer, ...], Field(min_length=1, max_length=MAX_SPLIT_LAYERS)]
    edges: tuple[tuple[Name, Name], ...] | None = None

    @cached_property
    def graph(self) -> "nx.DiGraph[str]":
        """The layers' names and the edges between them."""
        graph: nx.DiGraph[str] = nx.DiGraph()
        names = [layer.name for layer in self.layers]
        graph.add_nodes_from(names)
        graph.add_edges_from(itertools.pairwise(names) if self.edges is None else self.edges)
        return graph

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The layers in a topological order that follows the document where it can."""
        place = {layer.name: index for index, layer in enumerate(self.layers)}
        return tuple(nx.lexicographical_topological_sort(self.graph, key=place.__getitem__))

    @cached_property
    def is_chain(self) -> bool:
        """Whether each layer reads just the one before it."""
        pairs = list(itertools.pairwise(self.order))
        return self.graph.number_of_edges() == len(pairs) and all(
            self.graph.has_edge(*pair) for pair in pairs
        )

    def is_waist(self, name: str) -> bool:
        """Whether every path from the input to what is not before the layer passes through it."""
        before = nx.ancestors(self.graph, name)
        if len(before) + 1 + len(nx.descendants(self.graph, name)) < len(self.layers):
            return False
        return all(after in before or after == name for u in before for after in self.graph[u])

    @model_validator(mode="after")
    def _layers_are_named_once(self) -> Self:
        names = [layer.name for layer in self.layers]
        twice = first_duplicate([INPUT, *names])
        if twice is not None:
            raise contradiction(
                f"two tensors are named '{twice}'",
                "give each layer its own name; 'input' is the model's input",
                *("layers", last_index(names, twice), "name"),
            )
        return self

    @model_validator(mode="after")
    def _edges_form_a_dag(self) -> Self:
        known = {layer.name for layer in self.layers}
        for index, edge in enumerate(self.edges or ()):
            for side, end in enumerate(edge):
                if end not in known:
                    raise contradiction(
                        f"an edge names the unknown layer '{end}'",
                        "check its name; layers without predecessors read the input by themselves",
                        *("edges", index, side),
                    )
        if not nx.is_directed_acyclic_graph(self.graph):
            cycle = [(source, target) for source, target, *_ in nx.find_cycle(self.graph)]
            raise contradiction(
                f"the edges form a cycle through {' -> '.join(source for source, _ in cycle)}",
                "remove one edge of the cycle, this one, say",
                *("edges", (self.edges or ()).index(cycle[-1])),
            )
        return self


class Lossy(Document):
    """A choice that may cost accuracy; accuracy_ppm: measured with it alone, None for no loss."""

    name: Name
    accuracy_ppm: Annotated[int, Field(ge=0, le=10**6)] | None = None


class Representation(Lossy):
    """A form in which a tensor may cross a hop.

    size_ppm: bytes per million raw bytes, of every tensor (rounded up); size_bytes: of the
    tensors named, the only ones it is for when size_ppm is left out; encode, decode: None where
    it takes no work; where given, only device types whose time is known can do it.
    """

    size_ppm: Annotated[int, Field(ge=0, le=2 * 10**6)] | None = None
    size_bytes: dict[Name, Bytes] = {}
    encode: Work | None = None
    decode: Work | None = None

    @model_validator(mode="after")
    def _some_tensor_has_a_size(self) -> Self:
        if self.size_ppm is None and not self.size_bytes:
            raise contradiction(
                f"representation '{self.name}' is for no tensor",
                "give size_ppm for all tensors, or size_bytes for those that it is for",
                "size_ppm",
            )
        return self

    def bytes_of(self, tensor: str, raw_bytes: int) -> int | None:
        """Size of a tensor in this form, None where it is not for that tensor."""
        if tensor in self.size_bytes:
            return self.size_bytes[tensor]
        if self.size_ppm is None:
            return None
        return -(-raw_bytes * self.size_ppm // 10**6)


class Bottleneck(Lossy):
    """A trained encoder and decoder that replace all layers up to `after`, around one hop.

    encode, decode: their work on the two sides; only device types whose time is known can do it.
    """

    after: Name
    size_bytes: Bytes
    encode: Work
    decode: Work


class Gate(Work):
    """A head after a layer that lets `pass_ppm` of the inputs that reach it go on."""

    after: Name
    pass_ppm: Annotated[int, Field(ge=0, le=10**6)]


class Policy(Lossy):
    """Gates that act together: early exits at one threshold, or a pre-filter.

    The pass rates and the accuracy are measured with all of them in place.
    """

    gates: Annotated[tuple[Gate, ...], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _one_gate_per_layer(self) -> Self:
        places = [gate.after for gate in self.gates]
        twice = first_duplicate(places)
        if twice is not None:
            raise contradiction(
                f"two gates stand after '{twice}'",
                "merge them into one",
                *("gates", last_index(places, twice), "after"),
            )
        return self
