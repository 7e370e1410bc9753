"""The model to be planned: layers, the graph they form, and measured times.

A *token* is the smallest item of work: a token of a language model, an image of a CNN.
"""

import itertools
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.units import Bytes, Flops, Nanoseconds

MAX_LAYERS = 1024


class Layer(Document):
    """One layer, or `repeat` equal ones in a row.

    weight_bytes: parameters; kv_bytes_per_token: cache kept per token of context;
    activation_bytes_per_token: working memory while it runs;
    output_bytes_per_token: what the next layer needs; flops_per_token: for the roofline.
    """

    name: Name
    repeat: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = 1
    weight_bytes: Bytes
    output_bytes_per_token: Bytes
    kv_bytes_per_token: Bytes = 0
    activation_bytes_per_token: Bytes = 0
    flops_per_token: Flops | None = None


class ModelGraph(Document):
    """A DAG of layers; without `edges` the layers form a chain in the order given."""

    name: Name
    layers: Annotated[tuple[Layer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    edges: tuple[tuple[Name, Name], ...] | None = None

    @model_validator(mode="after")
    def _layers_are_named_once(self) -> Self:
        names = [layer.name for layer in self.layers]
        twice = first_duplicate(names)
        if twice is not None:
            raise contradiction(
                f"two layers are named '{twice}'",
                "give each its own name, or use 'repeat'",
                *("layers", last_index(names, twice), "name"),
            )
        depth = sum(layer.repeat for layer in self.layers)
        if depth > MAX_LAYERS:
            raise contradiction(
                f"{depth} layers after repetition are more than {MAX_LAYERS}",
                "merge layers that are never cut apart",
                "layers",
            )
        return self

    @model_validator(mode="after")
    def _edges_form_a_dag(self) -> Self:
        known = {layer.name for layer in self.layers}
        for index, edge in enumerate(self.edges or ()):
            for side, end in enumerate(edge):
                if end not in known:
                    raise contradiction(
                        f"there is no layer '{end}'",
                        f"use one of: {', '.join(sorted(known)[:8])}",
                        *("edges", index, side),
                    )
        try:
            self._order  # noqa: B018  # computed here once, for its error
        except CycleError as error:
            cycle = " -> ".join(error.args[1])
            raise contradiction(
                f"the edges form a cycle: {cycle}", "remove one edge of the cycle", "edges"
            ) from None
        return self

    @cached_property
    def _successors(self) -> dict[str, set[str]]:
        names = [layer.name for layer in self.layers]
        successors: dict[str, set[str]] = {name: set() for name in names}
        for source, target in itertools.pairwise(names) if self.edges is None else self.edges:
            successors[source].add(target)
        return successors

    @cached_property
    def _order(self) -> tuple[str, ...]:
        """Names in topological order; raises CycleError."""
        return tuple(TopologicalSorter(self._successors).static_order())[::-1]

    @cached_property
    def chain(self) -> tuple[Layer, ...] | None:
        """The layers in order, repetitions spelled out, or None where the graph is no chain."""
        following = [{name} for name in self._order[1:]]
        if [self._successors[name] for name in self._order] != [*following, set()]:
            return None
        by_name = {layer.name: layer for layer in self.layers}
        return tuple(by_name[name] for name in self._order for _ in range(by_name[name].repeat))


class Measurement(Document):
    """Measured times of one unit of `tokens` x `batch`, per device type and layer name."""

    tokens: Annotated[int, Field(ge=1, le=10**7)] = 1
    batch: Annotated[int, Field(ge=1, le=10**5)] = 1
    time_ns: dict[Name, dict[Name, Nanoseconds]]


class Profile(Document):
    """Measurements at several unit sizes; only an exact match of the unit is used."""

    measurements: tuple[Measurement, ...] = ()

    @model_validator(mode="after")
    def _sizes_are_unique(self) -> Self:
        sizes = [f"{m.tokens} tokens x batch {m.batch}" for m in self.measurements]
        twice = first_duplicate(sizes)
        if twice is not None:
            raise contradiction(
                f"two measurements are for {twice}",
                "merge them into one",
                *("measurements", last_index(sizes, twice)),
            )
        return self

    def time_ns(self, device_type: str, layer: str, tokens: int, batch: int) -> int | None:
        """Measured time of one layer for one unit, or None where it was not measured."""
        measured = self._by_size.get((tokens, batch))
        return None if measured is None else measured.time_ns.get(device_type, {}).get(layer)

    @cached_property
    def _by_size(self) -> dict[tuple[int, int], Measurement]:
        return {(m.tokens, m.batch): m for m in self.measurements}
