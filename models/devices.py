"""The device graph: what can compute, and what joins it."""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Protocol, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.units import BitsPerSecond, Bytes, BytesPerSecond, FlopsPerSecond, Nanoseconds

if TYPE_CHECKING:
    import networkx as nx

MAX_DEVICES = 256


class Device(Document):
    """A place that holds weights and computes.

    type: the row of a profile it is measured under, its own name when left out;
    memory_bytes: what a plan may fill, the operating system's share already taken off;
    flops_per_s, memory_bytes_per_s: sustained rates for the roofline;
    launch_overhead_ns: fixed time per layer beside the roofline.
    """

    name: Name
    type: Name | None = None
    memory_bytes: Bytes
    flops_per_s: FlopsPerSecond | None = None
    memory_bytes_per_s: BytesPerSecond | None = None
    launch_overhead_ns: Nanoseconds = 0

    @property
    def profile_type(self) -> str:
        """The device type under which measured times are looked up."""
        return self.type or self.name


class LinkRate(Document):
    """Latency and bandwidth of a way from one device to another."""

    latency_ns: Nanoseconds = 0
    bandwidth_bit_per_s: BitsPerSecond


class Link(LinkRate):
    """A link between two devices, in both directions unless `directed`."""

    source: Name
    target: Name
    directed: bool = False

    def directions(self) -> tuple[tuple[str, str], ...]:
        """The ordered pairs of devices it serves."""
        forward = (self.source, self.target)
        return (forward,) if self.directed else (forward, forward[::-1])


class Joining(Protocol):
    """What joins two named ends, one way or both."""

    @property
    def source(self) -> str:
        """One end."""

    @property
    def target(self) -> str:
        """The other end."""

    def directions(self) -> tuple[tuple[str, str], ...]:
        """The ordered pairs of ends that it serves."""


def check_links(links: Iterable[Joining], known: Collection[str], noun: str) -> None:
    """Raise a contradiction placed under /links where an end is unknown or a way stands twice."""
    seen: set[tuple[str, str]] = set()
    for index, link in enumerate(links):
        for field, end in (("source", link.source), ("target", link.target)):
            if end not in known:
                raise contradiction(
                    f"there is no {noun} '{end}'",
                    f"use one of: {', '.join(sorted(known)[:8])}",
                    *("links", index, field),
                )
        if link.source == link.target:
            reason = f"the link joins '{link.source}' with itself"
            raise contradiction(reason, "remove the link", "links", index)
        for pair in link.directions():
            if pair in seen:
                raise contradiction(
                    f"the way from '{pair[0]}' to '{pair[1]}' stands a second time",
                    "keep one of them, or mark both as directed",
                    *("links", index),
                )
            seen.add(pair)


class DeviceGraph(Document):
    """Devices with unique names, and links between known devices.

    default_link: what joins every pair that `links` does not name, as on one switch;
    without it a pair that is not named has no link.
    """

    devices: Annotated[tuple[Device, ...], Field(min_length=1, max_length=MAX_DEVICES)]
    links: tuple[Link, ...] = ()
    default_link: LinkRate | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [device.name for device in self.devices]
        twice = first_duplicate(names)
        if twice is not None:
            raise contradiction(
                f"two devices are named '{twice}'",
                "give each its own name",
                "devices",
                last_index(names, twice),
                "name",
            )
        return self

    @model_validator(mode="after")
    def _links_join_known_devices(self) -> Self:
        check_links(self.links, {device.name for device in self.devices}, "device")
        return self

    @cached_property
    def _rates(self) -> dict[tuple[str, str], LinkRate]:
        return {pair: link for link in self.links for pair in link.directions()}

    @cached_property
    def _by_name(self) -> dict[str, Device]:
        return {device.name: device for device in self.devices}

    def rate(self, source: str, target: str) -> LinkRate | None:
        """The link from `source` to another device `target`, or None where there is none."""
        return self._rates.get((source, target), self.default_link)

    def device(self, name: str) -> Device | None:
        """The device of that name, or None."""
        return self._by_name.get(name)

    def to_networkx(self) -> "nx.DiGraph[str]":
        """Directed graph: nodes carry `device`, edges `rate`; default links are spelled out."""
        import networkx as nx

        graph: nx.DiGraph[str] = nx.DiGraph()
        for device in self.devices:
            graph.add_node(device.name, device=device)
        for source in self._by_name:
            for target in self._by_name:
                rate = self.rate(source, target) if source != target else None
                if rate is not None:
                    graph.add_edge(source, target, rate=rate)
        return graph
