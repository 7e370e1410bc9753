"""Split computing: where a network is cut along a row of devices, and what crosses each cut.

Devices 0..K-1 stand in a row; hop k joins device k to k+1. The input is on device 0 and data only
moves forward. Choose a device p(v) for every layer v with p(u) ≤ p(v) on every edge; a tensor
(the input, or a layer's output) crosses hop k once when its producer is at k or before and a
reader behind it, in a representation q chosen for that crossing (raw, int8, a codec).
Optionally choose one bottleneck b on one hop k: it replaces all layers up to its insertion point
w; the input is brought to device k, encoded there, sent, decoded on k+1; its readers run behind k.
Optionally choose one policy of gates (early exits, a pre-filter): the gate after layer g runs
where g runs (or where b is encoded, when w = g) and lets a measured share of its inputs go on;
no gate may stand inside what the bottleneck replaces.

    share(x)  = Π pass rates of the gates that x comes after                       (exact fraction)
    layer     = [ share · time(v, p(v)) ]        gate = [ share before it · time(g, p(g)) ]
    encoder   = [ time(b, k) ], a term of its own, before the gate at w if there is one
    crossing  = [ share · (encode on k + latency + wire + decode on k+1) ], b's without encode
    wire      = ceil(8 · bytes · 10⁹ / bandwidth) in one scenario of the bandwidths, ns
    energy    = the same terms, times the power of the device that works and the hop's radio power
    bytes     = [ share · bytes ] of each crossing
    time(·, d) = measured for the type of d, else flops / flops_per_s + launch overhead, ns

[·] rounds half up, once per term. `against = expected`: wire is the mean over the scenarios by
weight; `worst`: each scenario is summed and the largest sum counts. Minimised is one of latency
(ns), energy (µJ), bytes; the others and the accuracy may be limited:

    accuracy - Σ losses ≥ floor, the loss of a representation, bottleneck or policy being the
    accuracy of the plain model less that measured with it alone (losses are taken to add up;
    where they exceed the accuracy the plan keeps to no floor, not even 0).

Not modelled: memory, and branches of a DAG that would overlap in time (the sum is what one
request waits for when layers and transfers run one after another).

Sources: Neurosurgeon (Kang et al., ASPLOS 2017, §4: one cut of a chain); DADS (Hu et al., INFOCOM
2019, §IV: a DAG as a minimum cut, each tensor paid once); HND and GHND (Matsubara et al., 2019 and
2021: distilled head with bottleneck, pre-filter); BottleFit (Matsubara et al., WoWMoM 2022);
Entropic Student (Matsubara et al., WACV 2022); SPINN (Laskaridis et al., MobiCom 2020: cut and
exit threshold together).
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self

import networkx as nx
from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import LinkRate
from models.split_models import (
    INPUT,
    Bottleneck,
    Lossy,
    Policy,
    PowerUjPerS,
    Representation,
    SplitDevice,
    SplitModel,
)
from models.split_range import Place, check_sending, check_sums, check_times, unknown_layer
from models.units import BitsPerSecond, Bytes, Nanoseconds, Quantity

_WHOLE_PPM = 10**6
Ppm = Annotated[int, Field(ge=0, le=_WHOLE_PPM)]


class SplitObjective(StrEnum):
    """What is minimised: ns, µJ or bytes."""

    LATENCY = "latency"
    ENERGY = "energy"
    BYTES = "bytes"


_UNITS = {
    SplitObjective.LATENCY: "ns",
    SplitObjective.ENERGY: "µJ",
    SplitObjective.BYTES: "bytes",
}

# The total of a breakdown that each objective is.
TOTALS = {
    SplitObjective.LATENCY: "latency_ns",
    SplitObjective.ENERGY: "energy_uj",
    SplitObjective.BYTES: "sent_bytes",
}


class Against(StrEnum):
    """Which bandwidths a plan is priced at: their weighted mean, or the worst for the plan."""

    EXPECTED = "expected"
    WORST = "worst"


class Hop(LinkRate):
    """The way from a device to the next of the row; radio_uj_per_s is paid while bits are sent."""

    radio_uj_per_s: PowerUjPerS = 0


class Scenario(Document):
    """Bandwidths, one per hop, and how often they hold, as an integer weight."""

    name: Name
    weight: Annotated[int, Field(ge=1, le=10**6)] = 1
    bandwidth_bit_per_s: tuple[BitsPerSecond, ...]


class SplitLimits(Document):
    """What a plan may use; a limit left out does not bind."""

    accuracy_floor_ppm: Ppm | None = None
    deadline_ns: Nanoseconds | None = None
    energy_uj: Annotated[int, Quantity("microjoule", 10**18, "2 J")] | None = None
    sent_bytes: Bytes | None = None


class SplitComputingProblem(Document):
    """One stream through a chain or DAG on a row of devices; see the module for the mathematics.

    accuracy_ppm: of the plain model, in whatever measure the losses are in; where it is left out
    accuracies are shares of the plain model's. Every tensor may cross as "raw" without loss;
    `representations` are the further choices.
    """

    kind: Literal["split_computing"] = "split_computing"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    model: SplitModel
    accuracy_ppm: Ppm = _WHOLE_PPM
    devices: Annotated[tuple[SplitDevice, ...], Field(min_length=1, max_length=16)]
    hops: tuple[Hop, ...] = ()
    scenarios: Annotated[tuple[Scenario, ...], Field(max_length=64)] = ()
    against: Against = Against.EXPECTED
    representations: Annotated[tuple[Representation, ...], Field(max_length=64)] = ()
    bottlenecks: Annotated[tuple[Bottleneck, ...], Field(max_length=256)] = ()
    policies: Annotated[tuple[Policy, ...], Field(max_length=64)] = ()
    objective: SplitObjective = SplitObjective.LATENCY
    limits: SplitLimits = SplitLimits()

    @property
    def unit(self) -> str:
        """The unit of the objective."""
        return _UNITS[self.objective]

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"{self.against} {self.objective}" if self.scenarios else str(self.objective)

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        return f"{len(self.devices)} devices, {len(self.model.layers)} layers"

    @property
    def bandwidths(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(weight, bandwidth of each hop) per scenario; the hops' own where none is given."""
        if not self.scenarios:
            return ((1, tuple(hop.bandwidth_bit_per_s for hop in self.hops)),)
        return tuple((s.weight, s.bandwidth_bit_per_s) for s in self.scenarios)

    @model_validator(mode="after")
    def _row_has_its_hops(self) -> Self:
        wanted = len(self.devices) - 1
        if len(self.hops) != wanted:
            raise contradiction(
                f"{len(self.devices)} devices in a row have {wanted} hops, not {len(self.hops)}",
                "give one hop from each device to the next",
                "hops",
            )
        for index, scenario in enumerate(self.scenarios):
            if len(scenario.bandwidth_bit_per_s) != wanted:
                raise contradiction(
                    f"scenario '{scenario.name}' gives {len(scenario.bandwidth_bit_per_s)} "
                    f"bandwidths for {wanted} hops",
                    "give one per hop",
                    *("scenarios", index, "bandwidth_bit_per_s"),
                )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        groups = {
            "devices": [device.name for device in self.devices],
            "scenarios": [scenario.name for scenario in self.scenarios],
            "representations": [item.name for item in self.representations],
            "bottlenecks": [bottleneck.name for bottleneck in self.bottlenecks],
            "policies": [policy.name for policy in self.policies],
        }
        for group, names in groups.items():
            there = ["raw"] if group == "representations" else []
            twice = first_duplicate(there + names)
            if twice is not None:
                raise contradiction(
                    f"'{twice}' is named twice in {group}",
                    "give each its own name; 'raw' is a representation that is always there",
                    *(group, last_index(names, twice), "name"),
                )
        return self

    @model_validator(mode="after")
    def _named_layers_exist(self) -> Self:
        layers = {layer.name for layer in self.model.layers}
        for index, form in enumerate(self.representations):
            for tensor in form.size_bytes:
                tensors = {INPUT, *layers}
                if tensor not in tensors:
                    place: Place = ("representations", index, "size_bytes", tensor)
                    raise unknown_layer(f"representation '{form.name}'", tensor, tensors, place)
        for where, name, place in self._waists():
            if name not in layers:
                raise unknown_layer(where, name, layers, place)
        return self

    def _waists(self) -> Iterator[tuple[str, str, Place]]:
        """Bottlenecks and gates: whose, after which layer, and where that is said."""
        for index, bottleneck in enumerate(self.bottlenecks):
            what = f"bottleneck '{bottleneck.name}'"
            yield what, bottleneck.after, ("bottlenecks", index, "after")
        for index, policy in enumerate(self.policies):
            for number, gate in enumerate(policy.gates):
                place = "policies", index, "gates", number, "after"
                yield f"policy '{policy.name}'", gate.after, place

    @model_validator(mode="after")
    def _bottlenecks_and_gates_stand_at_waists(self) -> Self:
        waists: set[str] = set()
        for where, name, place in self._waists():
            if name not in waists and not self.model.is_waist(name):
                raise contradiction(
                    f"{where} stands where not all that is before layer '{name}' passes through it",
                    "put bottlenecks and gates where a single tensor holds all that follows needs",
                    *place,
                )
            waists.add(name)
        return self

    @model_validator(mode="after")
    def _losses_are_losses(self) -> Self:
        for group, choices in self._lossy().items():
            for index, item in enumerate(choices):
                if item.accuracy_ppm is not None and item.accuracy_ppm > self.accuracy_ppm:
                    raise contradiction(
                        f"'{item.name}' is more accurate than the plain model",
                        "give the better model's accuracy as the problem's accuracy_ppm",
                        *(group, index, "accuracy_ppm"),
                    )
        return self

    def _lossy(self) -> dict[str, tuple[Lossy, ...]]:
        return {
            "representations": self.representations,
            "bottlenecks": self.bottlenecks,
            "policies": self.policies,
        }

    @property
    def speaks_of_accuracy(self) -> bool:
        """Whether any accuracy was given: of the model, of a choice, or as a floor."""
        choices = (item for group in self._lossy().values() for item in group)
        return (
            self.accuracy_ppm != _WHOLE_PPM
            or self.limits.accuracy_floor_ppm is not None
            or any(item.accuracy_ppm is not None for item in choices)
        )

    @model_validator(mode="after")
    def _every_time_is_known_and_sane(self) -> Self:
        check_times(self)
        check_sending(self)
        return self

    @model_validator(mode="after")
    def _sums_stay_in_range(self) -> Self:
        check_sums(self)
        return self


class Placement(Document):
    """Layers that one device runs, by name."""

    device: Name
    layers: tuple[Name, ...]


class Crossing(Document):
    """A tensor (a layer's name, or "input") sent over the hop that starts at a device."""

    tensor: Name
    hop_from: Name
    representation: Name = "raw"


class BottleneckUse(Document):
    """A bottleneck encoded on a device and decoded on the next."""

    name: Name
    hop_from: Name


class SplitComputingPlan(Document):
    """Who runs what, what is sent how, through which bottleneck, under which policy of gates."""

    kind: Literal["split_computing"] = "split_computing"
    placement: tuple[Placement, ...]
    crossings: tuple[Crossing, ...] = ()
    bottleneck: BottleneckUse | None = None
    policy: Name | None = None


def ancestors(model: SplitModel, layer: str) -> set[str]:
    """The layers that a bottleneck after `layer` replaces: all it depends on, and itself."""
    return {layer, *nx.ancestors(model.graph, layer)}
