"""Integer tables of a fleet problem in one window: columns, loads and capacities.

A *column* is an (option, server) that is open to a stream. Rows are the U uplinks followed by the
S servers, in units that make all loads of a row coprime: millibit/s and ns·mHz divided by the
greatest common divisor of the row's loads, capacities rounded down, which loses nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
import numpy.typing as npt

from models.problems.split_fleet import (
    Choice,
    Demand,
    FleetObjective,
    Option,
    Server,
    SplitFleetPlan,
    SplitFleetProblem,
    Stream,
    Uplink,
    Window,
)
from solvers.base import UNREACHABLE

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tables:
    """Columns of one window, those of a stream side by side, dominated ones left out.

    start: [C + 1] where the columns of each stream begin; cost, row_up, load_up, row_on, load_on:
    [N] price and load on an uplink's and a server's row (row -1, load 0 for local columns);
    capacity: [U + S]; names: [N] (stream, option, server or None).
    """

    window: str
    uplinks: int
    start: Ints
    cost: Ints
    row_up: Ints
    load_up: Ints
    row_on: Ints
    load_on: Ints
    capacity: Ints
    names: tuple[tuple[str, str, str | None], ...]

    @property
    def streams(self) -> int:
        """The number C."""
        return len(self.start) - 1

    @property
    def empty(self) -> bool:
        """Whether some stream has no column at all, so that there is no plan."""
        return bool((np.diff(self.start) == 0).any())

    def use(self, columns: Ints) -> Ints:
        """[U + S] load of a choice of columns."""
        total = np.zeros(len(self.capacity), dtype=np.int64)
        for rows, loads in ((self.row_up, self.load_up), (self.row_on, self.load_on)):
            there = columns[rows[columns] >= 0]
            np.add.at(total, rows[there], loads[there])
        return total

    def fits(self, columns: Ints) -> bool:
        """Whether a choice of columns keeps to all capacities."""
        return bool((self.use(columns) <= self.capacity).all())

    def value(self, columns: Ints) -> int:
        """Objective of a choice of columns."""
        return int(self.cost[columns].sum())

    def choices(self, columns: Ints) -> tuple[Choice, ...]:
        """The plan's part for this window."""
        return tuple(
            Choice(window=self.window, stream=stream, option=option, server=server)
            for stream, option, server in (self.names[column] for column in columns.tolist())
        )

    def columns(self, plan: SplitFleetPlan) -> Ints | None:
        """The columns that a plan chooses, None where it chooses any that is not kept."""
        index = {name: column for column, name in enumerate(self.names)}
        found = [
            index.get((choice.stream, choice.option, choice.server))
            for choice in plan.choices
            if choice.window == self.window
        ]
        kept = sorted(column for column in found if column is not None)
        inside = [a <= x < b for x, (a, b) in zip(kept, pairwise(self.start), strict=False)]
        complete = len(kept) == len(found) == self.streams and all(inside)
        return np.array(kept, dtype=np.int64) if complete else None


def build(problem: SplitFleetProblem) -> Iterator[Tables]:
    """The tables of each window; O(streams · options · servers)."""
    for window in problem.windows:
        yield _window(problem, window)


@dataclass(frozen=True)
class _Column:
    """One column in raw units."""

    option: str
    server: int | None
    cost: int
    load_up: int
    load_on: int


def _window(problem: SplitFleetProblem, window: Window) -> Tables:
    uplinks = {uplink.name: index for index, uplink in enumerate(problem.uplinks)}
    capacity = [x.bandwidth_bit_per_s * x.share_ppm // 10**3 for x in problem.uplinks]
    capacity += [x.workers * x.share_ppm * 10**6 for x in problem.servers]
    start, rows, names = [0], [], []
    urgent = {item.stream: item for item in window.urgent}
    for stream in problem.streams:
        link = uplinks[stream.uplink]
        demand = urgent.get(stream.name, stream)
        open_to = _open(problem, window, stream, demand)
        columns = [c for c in open_to if _fits_alone(c, link, len(uplinks), capacity)]
        for column in _undominated(columns):
            on = -1 if column.server is None else len(uplinks) + column.server
            up = -1 if column.server is None else link
            rows.append((column.cost, up, column.load_up, on, column.load_on))
            server = None if column.server is None else problem.servers[column.server].name
            names.append((stream.name, column.option, server))
        start.append(len(rows))
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    cost, row_up, load_up, row_on, load_on = (np.ascontiguousarray(x) for x in table.T)
    scaled = [
        _coprime(row, row_up if row < len(uplinks) else row_on, loads, room)
        for row, room in enumerate(capacity)
        for loads in [load_up if row < len(uplinks) else load_on]
    ]
    return Tables(
        window=window.name,
        uplinks=len(uplinks),
        start=np.array(start, dtype=np.int64),
        cost=cost,
        row_up=row_up,
        load_up=load_up,
        row_on=row_on,
        load_on=load_on,
        capacity=np.array(scaled, dtype=np.int64),
        names=tuple(names),
    )


def _fits_alone(column: _Column, link: int, uplinks: int, capacity: list[int]) -> bool:
    if column.load_up > capacity[link]:
        return False
    return column.server is None or column.load_on <= capacity[uplinks + column.server]


def _coprime(row: int, rows: Ints, loads: Ints, room: int) -> int:
    """Divides the loads of a row by their common divisor, in place; the capacity in that unit."""
    there = rows == row
    divisor = int(np.gcd.reduce(loads[there])) if there.any() else 1
    loads[there] //= max(divisor, 1)
    return min(room // max(divisor, 1), UNREACHABLE)


def _open(
    problem: SplitFleetProblem, window: Window, stream: Stream, demand: Demand
) -> Iterator[_Column]:
    options = problem.options[stream.catalogue]
    best = max(option.accuracy_ppm for option in options)
    uplink = next(item for item in problem.uplinks if item.name == stream.uplink)
    allowed = [
        index
        for index, server in enumerate(problem.servers)
        if stream.servers is None or server.name in stream.servers
    ]
    for option in options:
        if option.accuracy_ppm < (demand.accuracy_floor_ppm or 0):
            continue
        if demand.rate_millihz * option.device_ns > 10**12:
            continue
        for index in [None] if option.is_local else allowed:
            server = None if index is None else problem.servers[index]
            busy = _server_ns(option, server)
            latency = _latency_ns(option, uplink, busy)
            if demand.deadline_ns is not None and latency > demand.deadline_ns:
                continue
            yield _Column(
                option=option.name,
                server=index,
                cost=window.weight
                * _price(problem.objective, option, demand, best - option.accuracy_ppm, latency),
                load_up=demand.rate_millihz * 8 * option.sent_bytes,
                load_on=demand.rate_millihz * busy,
            )


def _server_ns(option: Option, server: Server | None) -> int:
    return 0 if server is None else -(-option.server_ns * server.slowdown_ppm // 10**6)


def _latency_ns(option: Option, uplink: Uplink, busy: int) -> int:
    if option.is_local:
        return option.device_ns
    wire = ceil(Fraction(8 * option.sent_bytes * 10**9, uplink.bandwidth_bit_per_s))
    return option.device_ns + uplink.latency_ns + wire + busy


def _price(
    objective: FleetObjective, option: Option, demand: Demand, loss: int, latency: int
) -> int:
    return {
        FleetObjective.LOSS: demand.priority * loss,
        FleetObjective.LATENCY: demand.priority * latency,
        FleetObjective.ENERGY: demand.rate_millihz * option.energy_uj,
        FleetObjective.BYTES: demand.rate_millihz * option.sent_bytes,
    }[objective]


def _undominated(columns: list[_Column]) -> list[_Column]:
    """Columns that no other on the same server, or local, is at least as good as."""
    kept: dict[int | None, list[_Column]] = {None: []}
    for column in sorted(columns, key=lambda c: (c.cost, c.load_up, c.load_on)):
        rivals = [*kept[None], *kept.setdefault(column.server, [])]
        worse = any(r.load_up <= column.load_up and r.load_on <= column.load_on for r in rivals)
        if not worse:
            kept[column.server].append(column)
    return [column for columns in kept.values() for column in columns]
