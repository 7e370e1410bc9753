"""A fleet of streams, each choosing a way to be split, on shared uplinks and servers.

In every time window w each stream c takes one option k of its catalogue (a cut with its
representation, the whole network locally, …) and, unless the option is local, one server s. Let

    latency = device time + uplink latency + ceil(8 · bytes · 10⁹ / bandwidth) + server time
    server time = ceil(the option's server time · slowdown of s)
    local: neither bytes nor server time; its latency is its device time alone

An option is open to a stream when it meets the stream's deadline and accuracy floor and the device
keeps up (rate · device time ≤ 1). Minimised is

    Σ_w weight_w · Σ_c priority_c · (best accuracy of the catalogue - accuracy)      loss, ppm
    or the same sum of latency, ns; or without priorities Σ_w weight_w · Σ_c rate_c · energy or
    bytes, in µJ or bytes per 1000 s;

subject to, in every window,

    Σ over the streams of an uplink   rate · 8 · bytes      ≤ share · bandwidth
    Σ over the choices of a server    rate · server time    ≤ share · workers

which is a multiple-choice multidimensional knapsack (Kellerer, Pferschy, Pisinger, Knapsack
Problems, 2004, ch. 11); windows do not interact. A window may make streams urgent: a higher rate,
a deadline, a floor, a priority of their own for its time, as on the route of an emergency vehicle.

Not modelled: queueing. A frame is sent and served at the full rate of link and worker; the
shares bound how busy these may be, and so how long queues grow.

Sources: the per-stream options are those of split_computing (HND, BottleFit, Entropic Student,
Neurosurgeon, SPINN); choosing configurations for many streams under shared resources is the problem
of VideoStorm (Zhang et al., NSDI 2017) and Chameleon (Jiang et al., SIGCOMM 2018).
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import LinkRate
from models.split_fleet_range import check_loads, check_objective
from models.units import Nanoseconds, Quantity

Ppm = Annotated[int, Field(ge=0, le=10**6)]
# 1 kHz: far above any camera; keeps rate · time · streams inside 64 bits.
RateMilliHz = Annotated[int, Field(ge=1, le=10**6)]
# 100 s for one frame on one side.
FrameNs = Annotated[int, Quantity("nanosecond", 10**11, "2 ms")]
FrameBytes = Annotated[int, Quantity("byte", 10**9, "8 kB")]
ALWAYS = "always"


class FleetObjective(StrEnum):
    """What is minimised: weighted ppm of accuracy, weighted ns, µJ or bytes per 1000 s."""

    LOSS = "loss"
    LATENCY = "latency"
    ENERGY = "energy"
    BYTES = "bytes"


class Option(Document):
    """One way to process a frame; server_ns is on a server of slowdown 1."""

    name: Name
    device_ns: FrameNs
    sent_bytes: FrameBytes = 0
    server_ns: FrameNs = 0
    energy_uj: Annotated[int, Quantity("microjoule", 10**9, "80 mJ")] = 0
    accuracy_ppm: Ppm

    @property
    def is_local(self) -> bool:
        """Whether it needs neither uplink nor server."""
        return self.sent_bytes == 0 and self.server_ns == 0


class Catalogue(Document):
    """The options of one kind of device."""

    name: Name
    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [option.name for option in self.options]
        twice = first_duplicate(names)
        if twice is not None:
            raise contradiction(
                f"catalogue '{self.name}' has two options '{twice}'",
                "give each its own name",
                *("options", last_index(names, twice), "name"),
            )
        return self


class Uplink(LinkRate):
    """A link that its streams share; share_ppm of its time may be used."""

    name: Name
    share_ppm: Ppm = 10**6


class Server(Document):
    """A server of `workers` equal workers, each busy for at most share_ppm of the time.

    slowdown_ppm: its time per million ns of an option's server time.
    """

    name: Name
    workers: Annotated[int, Field(ge=1, le=1000)] = 1
    slowdown_ppm: Annotated[int, Field(ge=1, le=10**8)] = 10**6
    share_ppm: Ppm = 10**6


class Demand(Document):
    """What a stream asks for; a field left out asks for nothing."""

    rate_millihz: RateMilliHz
    priority: Annotated[int, Field(ge=0, le=1000)] = 1
    deadline_ns: Nanoseconds | None = None
    accuracy_floor_ppm: Ppm | None = None


class Stream(Demand):
    """A camera: its catalogue, its uplink, the servers it may use (all, where left out)."""

    name: Name
    catalogue: Name
    uplink: Name
    servers: tuple[Name, ...] | None = None


class Urgency(Demand):
    """The demand of one stream that takes the place of its usual one in a window."""

    stream: Name


class Window(Document):
    """A span of time: its weight in the objective and the streams that are urgent in it."""

    name: Name
    weight: Annotated[int, Field(ge=1, le=10**6)] = 1
    urgent: tuple[Urgency, ...] = ()


class SplitFleetProblem(Document):
    """Streams, uplinks, servers and windows; see the module for the mathematics."""

    kind: Literal["split_fleet"] = "split_fleet"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    catalogues: Annotated[tuple[Catalogue, ...], Field(min_length=1, max_length=100)]
    uplinks: Annotated[tuple[Uplink, ...], Field(min_length=1, max_length=1000)]
    servers: Annotated[tuple[Server, ...], Field(max_length=200)] = ()
    streams: Annotated[tuple[Stream, ...], Field(min_length=1, max_length=5000)]
    windows: Annotated[tuple[Window, ...], Field(min_length=1, max_length=50)] = (
        Window(name=ALWAYS),
    )
    objective: FleetObjective = FleetObjective.LOSS

    @property
    def options(self) -> dict[str, tuple[Option, ...]]:
        """The options of each catalogue."""
        return {catalogue.name: catalogue.options for catalogue in self.catalogues}

    @property
    def unit(self) -> str:
        """The unit of the objective; sums with weights and priorities are no plain ppm or ns."""
        units = {FleetObjective.LOSS: "weighted ppm", FleetObjective.LATENCY: "weighted ns"}
        per_time = {FleetObjective.ENERGY: "µJ/1000 s", FleetObjective.BYTES: "bytes/1000 s"}
        return {**units, **per_time}[self.objective]

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return str(self.objective)

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        return f"{len(self.streams)} streams, {len(self.servers)} servers"

    def demand(self, stream: Stream, window: Window) -> Demand:
        """What a stream asks for in a window."""
        return next((item for item in window.urgent if item.stream == stream.name), stream)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        groups = {
            "catalogues": [item.name for item in self.catalogues],
            "uplinks": [item.name for item in self.uplinks],
            "servers": [item.name for item in self.servers],
            "streams": [item.name for item in self.streams],
            "windows": [item.name for item in self.windows],
        }
        for group, names in groups.items():
            twice = first_duplicate(names)
            if twice is not None:
                raise contradiction(
                    f"'{twice}' is named twice in {group}",
                    "give each its own name",
                    *(group, last_index(names, twice), "name"),
                )
        for index, window in enumerate(self.windows):
            names = [item.stream for item in window.urgent]
            twice = first_duplicate(names)
            if twice is not None:
                raise contradiction(
                    f"window '{window.name}' names '{twice}' twice",
                    "keep one of the two demands",
                    *("windows", index, "urgent", last_index(names, twice)),
                )
        return self

    @model_validator(mode="after")
    def _references_are_known(self) -> Self:
        known = {
            "catalogue": {item.name for item in self.catalogues},
            "uplink": {item.name for item in self.uplinks},
            "server": {item.name for item in self.servers},
            "stream": {item.name for item in self.streams},
        }
        for group, name, place in self._references():
            if name not in known[group]:
                raise contradiction(
                    f"the {group} '{name}' is not known",
                    f"use one of: {', '.join(sorted(known[group])[:8])}",
                    *place,
                )
        return self

    def _references(self) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
        """What is named elsewhere: of which group, its name, and where."""
        for index, stream in enumerate(self.streams):
            yield "catalogue", stream.catalogue, ("streams", index, "catalogue")
            yield "uplink", stream.uplink, ("streams", index, "uplink")
            for number, name in enumerate(stream.servers or ()):
                yield "server", name, ("streams", index, "servers", number)
        for index, window in enumerate(self.windows):
            for number, item in enumerate(window.urgent):
                yield "stream", item.stream, ("windows", index, "urgent", number, "stream")

    @model_validator(mode="after")
    def _sums_stay_in_range(self) -> Self:
        check_objective(self)
        check_loads(self)
        return self


class Choice(Document):
    """What one stream does in one window; no server for a local option."""

    window: Name = ALWAYS
    stream: Name
    option: Name
    server: Name | None = None


class SplitFleetPlan(Document):
    """One choice per window and stream."""

    kind: Literal["split_fleet"] = "split_fleet"
    choices: tuple[Choice, ...]
