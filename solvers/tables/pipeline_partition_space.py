"""The state space of the pipeline dynamic program: device types, multisets, ports, costs.

A multiset of types is one integer, its mixed-radix *code* (digit t counts the devices of type t
in use). With a given device order every device is a type and the code stays 0.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from solvers.base import UNREACHABLE
from solvers.tables.pipeline_partition import Ints, Tables

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Space:
    """Types, strides and ports of a problem's tables.

    types: groups of interchangeable devices; count, stride: [W] digits of the code;
    port: [W] the receiving port of a type; send: [W, ports, L + 1] ns from a type to a port at a
    cut; follow: [W, ports] whether a stage on the type may come just before one on the port;
    first, last: [W] whether a type may hold the first or the last layer.
    """

    tables: Tables
    types: tuple[tuple[int, ...], ...]
    count: Ints
    stride: Ints
    port: Ints
    send: Ints
    follow: Bools
    first: Bools
    last: Bools

    @property
    def full(self) -> int:
        """The code of all devices."""
        return int(self.count @ self.stride)

    @property
    def states(self) -> int:
        """Number of (multiset, port, cut) states."""
        multisets = int(np.prod([float(c + 1) for c in self.count[self.stride > 0]], initial=1.0))
        return multisets * int(self.send.shape[1]) * (self.tables.layers + 1)

    def digit(self, codes: Ints, kind: int) -> Ints:
        """How many devices of a type each code uses (0 throughout with a given order)."""
        if self.stride[kind] == 0:
            return np.zeros_like(codes)
        digits: Ints = codes // self.stride[kind] % (self.count[kind] + 1)
        return digits

    def home(self, kind: int) -> int:
        """Time of the return hop from a type, ns."""
        return int(self.tables.home[self.types[kind][0]])

    @property
    def dearest(self) -> int:
        """No plan's additive part exceeds it: each layer where it costs most, sent each time.

        A return hop goes over a link that `send` has as well.
        """
        tables = self.tables
        sent = int(self.send[self.send < UNREACHABLE].max(initial=0))
        timed = int(tables.time.max(axis=0).sum()) + min(tables.devices, tables.layers) * sent
        moved = int(np.diff(tables.move).max(axis=0).sum())
        return tables.latency_weight * timed + moved

    @cached_property
    def time(self) -> Ints:
        """[W, L, L + 1] ns of layers [j, i) on a type, UNREACHABLE where i <= j or not fitting."""
        tables = self.tables
        lead = [members[0] for members in self.types]
        prefix = tables.prefix[lead]
        return self._blocked(prefix[:, None, :] - prefix[:, :-1, None])

    @cached_property
    def cost(self) -> Ints:
        """[W, L, L + 1] what a stage adds to the additive part of the objective, like `time`."""
        tables = self.tables
        move = tables.move[[members[0] for members in self.types]]
        moved = move[:, None, :] - move[:, :-1, None]
        timed = self.time < UNREACHABLE
        return self._blocked(np.where(timed, tables.latency_weight * self.time, 0) + moved)

    def _blocked(self, values: Ints) -> Ints:
        tables = self.tables
        lead = [members[0] for members in self.types]
        cuts = np.arange(tables.layers + 1)
        inside = (cuts > cuts[:-1, None]) & (cuts <= tables.fits[lead][:, :, None])
        blocked: Ints = np.where(inside, values, UNREACHABLE)
        if tables.source is not None:
            is_source = np.array([tables.source in members for members in self.types])
            blocked[is_source, 1:] = UNREACHABLE
        blocked[~self.first, 0] = UNREACHABLE
        return blocked


def build_space(tables: Tables) -> Space:
    """Types, codes and ports of a problem."""
    ordered = tables.order is not None
    types = tables.classes
    count = np.array([len(members) for members in types], dtype=np.int64)
    stride = np.zeros(len(types), dtype=np.int64)
    if not ordered:
        stride = np.concatenate([[1], np.cumprod(count[:-1] + 1)]).astype(np.int64)
    port, rates = _ports(tables, types, merge=not ordered)
    follow = np.ones((len(types), len(rates)), dtype=bool)
    first = np.ones(len(types), dtype=bool)
    last = np.ones(len(types), dtype=bool)
    if tables.source is not None:
        first[:] = [tables.source in members for members in types]
    if tables.order is not None:
        place = tables.order[[members[0] for members in types]]
        gap = place[None, :] - place[:, None]
        follow = gap == 1 if tables.use_all else gap >= 1
        if tables.use_all:
            first &= place == 0
            last = place == tables.devices - 1
    return Space(
        tables=tables,
        types=types,
        count=count,
        stride=stride,
        port=port,
        send=rates.transpose(1, 0, 2)[:, :, tables.size_class],
        follow=follow,
        first=first,
        last=last,
    )


def _ports(tables: Tables, types: tuple[tuple[int, ...], ...], merge: bool) -> tuple[Ints, Ints]:
    """Port of each type, and [ports, W, K] sending times into it.

    How a type reaches itself is undefined when it has one device; such entries match anything.
    """
    undefined = -1
    ports: list[Ints] = []
    port = np.empty(len(types), dtype=np.int64)
    for number, receivers in enumerate(types):
        rates = np.empty((len(types), tables.link.shape[2]), dtype=np.int64)
        for sender, members in enumerate(types):
            pair = next(((a, b) for a in members for b in receivers if a != b), None)
            rates[sender] = undefined if pair is None else tables.link[pair]
        for index, known in enumerate(ports if merge else []):
            if np.all((known == rates) | (known == undefined) | (rates == undefined)):
                ports[index] = np.maximum(known, rates)
                port[number] = index
                break
        else:
            port[number] = len(ports)
            ports.append(rates)
    stacked = np.stack(ports)
    return port, np.where(stacked == undefined, UNREACHABLE, stacked)
