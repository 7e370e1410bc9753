"""Offload placement: which experts of a mixture are kept, merged or shared, and where they live.

*Holders* are the places that store weights: the GPU's memory, main memory, an SSD, a neighbour, the
cloud. One without `memory_bytes` holds everything (the origin). At *sites*, holders that compute,
tokens are processed: during the horizon expert i of layer l is activated f_{s,l,i} times at site s.

A *copy* (l, j, a, q, m) is representative j of layer l in mode a at precision q on holder m:

    keep    the expert itself, for itself alone, without loss
    merge   weights of an expert's size that serve the experts paired with j
    distil  a student of `student_bytes` that serves the experts paired with j
    share   a delta of `delta_bytes` over a base of the layer, which is stored once per precision
            and holder; serves j alone

Every expert of every layer is served, at each site, by one copy c(s,l,i). Minimised is, in ns over
the horizon,

    sum   Σ_{s,l,i} f_{s,l,i} τ(s, c(s,l,i))                        transfers follow each other
    max   Σ_{l,p} tokens_p · max_{i ∈ experts of p} τ(s_p, c(s_p,l,i))   they run side by side,
          p the sets of experts that tokens of a site choose together (patterns)

      +   price · bytes of the copies and bases that a holder with limited memory does not have yet

subject to

    memory           Σ bytes of copies and bases on m ≤ memory_bytes - reserve_bytes
    loss             Σ f (distance of (i, j) in mode a + loss of precision q) ≤ budget · Σ f,
                     over all layers together or in each layer
    representatives  in each layer a site is served by at least top_k experts as themselves
    busy             Σ f · compute time on h ≤ busy_limit_ns for each holder h that has one

With b the bytes of a copy at its precision (base included where it is shared) the time τ is

    in place      m = s:     compute(s, b)
    activations   wire(s→m, activation_bytes) + compute(m, b) + wire(m→s, activation_bytes)
    weights       exposed(m→s, b) + compute(s, b)

the cheapest that links allow, `activations` before `weights` where equal; with

    compute(h, b)  overhead_ns + ceil(b / read_bytes_per_s)
    wire(link, b)  latency_ns + ceil(8 b / bandwidth)
    exposed        T = wire(link, ceil(b (1 + recall · waste))), the vain fetches on the same link;
                   ceil(recall · max(0, T - lead_ns) + (1 - recall) T)

Distances are inputs, in ppm of whatever was measured (`about` says what): output distance, cosine
of router logits, measured loss, or a proxy. Without them nothing is said about quality. A copy in
mode merge whose representative has no distance to itself (or 0) has the expert's own weights, the
same as keep: both on one holder are stored once, and neither is moved to where the other is.

Sources: CoMoE (arXiv 2508.09208) for the joint choice of aggregation and offloading; its planner is
not public, this one is edgeplan's. M-SMoE (Li et al., ICLR 2024) and HC-SMoE (Chen et al., 2024)
for merging; merging alone is a p-median. Compute by weight reads: decoding one token is
memory-bound (Williams et al., Roofline, CACM 2009).
"""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name
from models.devices import Link, LinkRate
from models.problems.offload_placement_checks import (
    check_layers,
    check_names,
    check_present,
    check_range,
    check_references,
)
from models.units import Bytes, BytesPerSecond, Nanoseconds, Ppm, Quantity

MAX_LAYERS = 256
MAX_EXPERTS = 1024
MAX_ACTIVATIONS = 10**9
# 1 TiB: a thousand times the largest expert; sums over all experts stay far inside 64 bits.
ExpertBytes = Annotated[int, Quantity("byte", 2**40, "17 MB", minimum=1)]
Count = Annotated[int, Field(ge=0, le=MAX_ACTIVATIONS)]
Counts = Annotated[tuple[Count, ...], Field(min_length=1, max_length=MAX_EXPERTS)]
Index = Annotated[int, Field(ge=0, lt=MAX_EXPERTS)]
# Who is served, by which representative, at which distance.
Pair = tuple[Index, Index, Ppm]
FULL = "full"
_MEBIBYTE = 2**20


class TokenLatency(StrEnum):
    """How the experts of one token in one layer add up."""

    SUM = "sum"
    MAX = "max"


class Mode(StrEnum):
    """What a copy is; see the module."""

    KEEP = "keep"
    MERGE = "merge"
    DISTIL = "distil"
    SHARE = "share"


class BudgetScope(StrEnum):
    """Whether the loss budget holds over all layers or in each."""

    GLOBAL = "global"
    LAYER = "layer"


class Way(StrEnum):
    """How a site uses a copy; see the module."""

    IN_PLACE = "in place"
    ACTIVATIONS = "activations"
    WEIGHTS = "weights"


class Holder(Document):
    """A place for weights: memory that a plan may fill, and how fast its processor reads it.

    memory_bytes: None where everything is held; reserve_bytes: of it, not for experts;
    read_bytes_per_s: None where nothing is computed; busy_limit_ns: over the horizon.
    """

    name: Name
    memory_bytes: Bytes | None = None
    reserve_bytes: Bytes = 0
    read_bytes_per_s: BytesPerSecond | None = None
    overhead_ns: Nanoseconds = 0
    busy_limit_ns: Nanoseconds | None = None

    @property
    def room_bytes(self) -> int | None:
        """What a plan may fill, None for everything."""
        return None if self.memory_bytes is None else max(0, self.memory_bytes - self.reserve_bytes)


class Precision(Document):
    """A number format: its size against the weights as given, and its loss per activation."""

    name: Name
    size_ppm: Annotated[int, Field(ge=1, le=10**7)] = 10**6
    loss_ppm: Ppm = 0


class Distilled(Document):
    """Students: their size, and whom they serve at which distance."""

    student_bytes: ExpertBytes
    pairs: tuple[Pair, ...]


class Shared(Document):
    """A base of the layer and deltas; loss_ppm: per expert, None for an expert without delta."""

    base_bytes: ExpertBytes
    delta_bytes: ExpertBytes
    loss_ppm: tuple[Ppm | None, ...]


class Pattern(Document):
    """Experts that `tokens` tokens of a site chose together."""

    site: Name
    experts: Annotated[tuple[Index, ...], Field(min_length=1)]
    tokens: Annotated[int, Field(ge=1, le=MAX_ACTIVATIONS)]


class MoeLayer(Document):
    """One mixture of experts; activations: [sites][experts]; merge: whom may serve whom."""

    name: Name
    top_k: Annotated[int, Field(ge=1, le=MAX_EXPERTS)]
    expert_bytes: ExpertBytes
    activations: Annotated[tuple[Counts, ...], Field(min_length=1)]
    merge: tuple[Pair, ...] = ()
    distil: Distilled | None = None
    share: Shared | None = None
    patterns: tuple[Pattern, ...] = ()

    @property
    def experts(self) -> int:
        """How many experts it has."""
        return len(self.activations[0])


class Prefetch(Document):
    """A predictor of the next experts: recall, lead, and bytes fetched in vain per useful one."""

    recall_ppm: Ppm
    lead_ns: Nanoseconds
    waste_ppm: Annotated[int, Field(ge=0, le=10**8)] = 0


class Copy(Document):
    """A copy of a layer's expert; see the module."""

    expert: Index
    mode: Mode = Mode.KEEP
    precision: Name = FULL
    holder: Name


class LayerPlan(Document):
    """The copies of a layer; served: [sites][experts] the index of the copy that serves."""

    layer: Name
    copies: tuple[Copy, ...]
    served: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...]


class Present(Document):
    """The copies in force, by layer, and the price of moving a MiB to a holder."""

    copies: dict[Name, tuple[Copy, ...]]
    ns_per_mib: Annotated[int, Field(ge=0, le=10**12)] = 0

    def price_ns(self, size_bytes: int) -> int:
        """The price of moving one piece, rounded half up."""
        return (2 * size_bytes * self.ns_per_mib + _MEBIBYTE) // (2 * _MEBIBYTE)


class OffloadPlacementProblem(Document):
    """Experts, holders, links, sites and budgets; see the module for the mathematics.

    tokens: that the activations were counted over, for figures per token; loss_budget_ppm: mean
    distance per activation, None for no budget.
    """

    kind: Literal["offload_placement"] = "offload_placement"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    holders: Annotated[tuple[Holder, ...], Field(min_length=1, max_length=64)]
    links: Annotated[tuple[Link, ...], Field(max_length=4096)] = ()
    sites: Annotated[tuple[Name, ...], Field(min_length=1, max_length=64)]
    precisions: Annotated[tuple[Precision, ...], Field(min_length=1, max_length=16)] = (
        Precision(name=FULL),
    )
    layers: Annotated[tuple[MoeLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    tokens: Annotated[int, Field(ge=1, le=MAX_ACTIVATIONS)]
    activation_bytes: Annotated[int, Quantity("byte", 2**30, "4 KiB")] = 0
    loss_budget_ppm: Ppm | None = 0
    budget_scope: BudgetScope = BudgetScope.GLOBAL
    objective: TokenLatency = TokenLatency.SUM
    prefetch: Prefetch | None = None
    present: Present | None = None

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"latency ({self.objective})"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        experts = sum(layer.experts for layer in self.layers)
        return f"{len(self.layers)} layers, {experts} experts, {len(self.holders)} holders"

    @cached_property
    def _rates(self) -> dict[tuple[str, str], LinkRate]:
        return {pair: link for link in self.links for pair in link.directions()}

    def rate(self, source: str, target: str) -> LinkRate | None:
        """The link from one holder to another, None where there is none."""
        return self._rates.get((source, target))

    def holder(self, name: str) -> Holder | None:
        """The holder of that name, or None."""
        return next((item for item in self.holders if item.name == name), None)

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        check_names(self)
        check_references(self)
        check_layers(self)
        check_present(self)
        check_range(self, MAX_ACTIVATIONS)
        return self


class OffloadPlacementPlan(Document):
    """The copies of every layer and who serves whom."""

    kind: Literal["offload_placement"] = "offload_placement"
    layers: tuple[LayerPlan, ...]
