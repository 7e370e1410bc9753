"""What the general methods (integer and constraint programs) read beside the tables."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.problems.pipeline_partition import PipelinePartitionPlan
from solvers.base import UNREACHABLE
from solvers.tables.pipeline_partition import Columns, Ints, Tables

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Routes:
    """In which order devices may be passed through.

    first, last: [D] whether a device may hold the first or the last layer; follow: [D, D] whether
    one device may send to another, by a link and by the order given.
    """

    first: Bools
    last: Bools
    follow: Bools


def routes(tables: Tables) -> Routes:
    """The routes that links, source, return hop and order leave."""
    everyone = np.arange(tables.devices)
    first = np.ones(tables.devices, dtype=bool)
    if tables.source is not None:
        first = everyone == tables.source
    last = tables.home < UNREACHABLE
    follow = tables.link.min(axis=2) < UNREACHABLE
    if tables.order is not None:
        gap = tables.order[None, :] - tables.order[:, None]
        follow = follow & ((gap == 1) if tables.use_all else (gap > 0))
    return Routes(first, last, follow)


@dataclass(frozen=True)
class Run:
    """Layers `begin` to `begin` + `length` - 1, equal on every device."""

    begin: int
    length: int


def runs(tables: Tables) -> tuple[Run, ...]:
    """All layers as the fewest runs, in their order."""
    price = np.diff(tables.move, axis=1)
    rows = np.concatenate([tables.time, price])
    changes = np.flatnonzero((rows[:, 1:] != rows[:, :-1]).any(axis=0)) + 1
    begins = [0, *changes.tolist()]
    ends = [*changes.tolist(), tables.layers]
    return tuple(Run(begin, end - begin) for begin, end in zip(begins, ends, strict=True))


@dataclass(frozen=True, eq=False)
class Types:
    """Interchangeable devices as one type of device, to be used several times.

    tables: a row per type; on the diagonal of `link` how two devices of a type reach each other;
    members: the devices of each type; count: [W] how many these are.
    """

    tables: Tables
    members: tuple[tuple[int, ...], ...]
    count: Ints

    def typed(self, stages: Columns) -> Columns:
        """Stages with types in place of devices."""
        kind = {device: w for w, members in enumerate(self.members) for device in members}
        return tuple((kind[device], start, stop) for device, start, stop in stages)

    def named(self, stages: Columns) -> Columns:
        """Stages with devices in place of types, those of a type in the order of their indices."""
        spare = [list(members) for members in self.members]
        return tuple((spare[kind].pop(0), start, stop) for kind, start, stop in stages)


def by_type(tables: Tables) -> Types:
    """One row per class of interchangeable devices."""
    members = tables.classes
    lead = np.array([group[0] for group in members])
    link = tables.link[np.ix_(lead, lead)].copy()
    for number, group in enumerate(members):
        link[number, number] = tables.link[group[0], group[-1]]
    merged = replace(
        tables,
        names=tuple(tables.names[device] for device in lead),
        time=tables.time[lead],
        prefix=tables.prefix[lead],
        fits=tables.fits[lead],
        link=link,
        home=tables.home[lead],
        source=None if tables.source is None else int(np.flatnonzero(lead == tables.source)[0]),
        order=None if tables.order is None else tables.order[lead],
        move=tables.move[lead],
    )
    return Types(merged, members, np.array([len(group) for group in members], dtype=np.int64))


def in_common_unit(tables: Tables) -> tuple[Tables, int]:
    """The tables in the largest unit, ns, of which every time and price is a multiple.

    Smaller numbers leave integers room in 64 bits and floating-point numbers digits to spare.
    """
    real = tables.link[tables.link < UNREACHABLE]
    homes = tables.home[tables.home < UNREACHABLE]
    values = (tables.time, tables.move, real, homes)
    unit = max(1, int(np.gcd.reduce([int(np.gcd.reduce(v, axis=None)) for v in values])))
    return replace(
        tables,
        time=tables.time // unit,
        prefix=tables.prefix // unit,
        link=np.where(tables.link < UNREACHABLE, tables.link // unit, UNREACHABLE),
        home=np.where(tables.home < UNREACHABLE, tables.home // unit, UNREACHABLE),
        move=tables.move // unit,
    ), unit


def largest_sum(tables: Tables) -> int:
    """No sum of weighted times and prices that a model forms exceeds this."""
    links = np.where(tables.link < UNREACHABLE, tables.link, 0)
    homes = np.where(tables.home < UNREACHABLE, tables.home, 0)
    computed = sum(int(total) for total in tables.prefix[:, -1])
    sent = sum(int(longest) for longest in links.max(axis=(1, 2))) + int(homes.max())
    moved = sum(int(total) for total in tables.move[:, -1])
    return (tables.latency_weight + tables.period_weight) * (computed + sent) + moved


def starting_stages(tables: Tables, hint: PipelinePartitionPlan | None) -> Columns | None:
    """The stages of a hint that keeps to all rules, None for any other.

    Interchangeable devices are renamed so that within a class they are used in the order of their
    indices, as the symmetry-breaking rules of the models ask.
    """
    stages = None if hint is None else tables.columns(hint)
    if not stages or stages[0][1] != 0 or stages[-1][2] != tables.layers:
        return None
    if any(a[2] != b[1] for a, b in itertools.pairwise(stages)):
        return None
    if tables.evaluate(stages) is None:
        return None
    types = by_type(tables)
    return types.named(types.typed(stages))
