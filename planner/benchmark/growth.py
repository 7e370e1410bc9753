"""How the time to a proof grows with the size: log t against log n, or against n."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from statistics import median

import numpy as np

from planner.benchmark.families import families
from planner.benchmark.record import Record
from planner.benchmark.words import NOTHING, digits

# Shorter times are the start of libraries and the reading of the problem, not the search.
_FLOOR_NS = 50 * 10**6
LEAST_SIZES = 3
# Times that differ by less do not grow by any law that three to a dozen of them could tell.
_FLAT = 2
# A law has to explain so much of log t: what explains less is a line through scattered points.
_EXPLAINED = 0.8


class NoLaw(StrEnum):
    """Why no law is fitted: too few times, times that hardly differ, or that follow no line."""

    FEW = NOTHING
    FLAT = "flat"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Growth:
    """A fit to median times (ns) by size, of what was proved within the limit.

    law: "power": t = factor · n^rate; "exponential": t = factor · e^(rate · n), whichever leaves
    the smaller squared error in log t; r_squared: the share of the variance of log t that it
    explains, corrected for the number of sizes (Theil 1961): three points lie near any line.
    """

    law: str
    factor: float
    rate: float
    r_squared: float
    sizes: tuple[int, ...]

    def at(self, size: float) -> float:
        """The fitted time, ns."""
        if self.law == "power":
            return self.factor * exp(self.rate * log(size))
        return self.factor * exp(self.rate * size)

    @property
    def in_words(self) -> str:
        """As in `n^2.1`, or `2^(n/12)`: twice as long for every twelve more."""
        if self.law == "power":
            return f"n^{self.rate:.1f}"
        return f"2^(n/{digits(log(2) / self.rate)})"


@dataclass(frozen=True)
class Climb:
    """How far a method got in a family.

    tried: how many sizes; times: median ns by size, proved seeds only; largest: proved, of any
    seed; peak_bytes: of memory there; failed: the smallest size at which no seed was proved, None
    where the ladder ended before; reason: how the method ended there; ceiling: whether the largest
    is what a document allows at most.
    """

    kind: str
    family: str
    unit: str
    method: str
    tried: int
    times: dict[int, int]
    largest: int | None
    peak_bytes: int | None
    failed: int | None
    reason: str
    ceiling: bool
    growth: Growth | NoLaw


def climbs(rows: Iterable[Record]) -> list[Climb]:
    """A climb per kind, family and exact method, of generated problems.

    It has three sizes or more, or ended at one where nothing was proved. Sizes count of which a
    method was run on all problems: some alone are those that another left unproved.
    """
    known = [row for row in rows if row.measured and row.exact and row.source == "generated"]
    sizes: dict[tuple[str, str, int], set[str]] = defaultdict(set)
    grouped: dict[tuple[str, str, str], dict[int, list[Record]]] = defaultdict(dict)
    for row in known:
        if row.size is not None:
            sizes[row.kind, row.family, row.size].add(row.instance)
            own = grouped[row.kind, row.family, row.method]
            own.setdefault(row.size, []).append(row)
    found = []
    for (kind, family, _), by_size in grouped.items():
        whole = [
            row
            for size, own in by_size.items()
            if {row.instance for row in own} == sizes[kind, family, size]
            for row in own
        ]
        found += [_climb(whole)] if whole else []
    kept = [climb for climb in found if climb.tried >= LEAST_SIZES or climb.failed is not None]
    # A run shuffles its chains; tables and colours are the same for each.
    return sorted(kept, key=lambda climb: (climb.kind, climb.family, climb.method))


def _climb(rows: list[Record]) -> Climb:
    by_size: dict[int, list[Record]] = defaultdict(list)
    for row in rows:
        if row.size is not None:
            by_size[row.size].append(row)
    times: dict[int, int] = {}
    failed = {}
    for size in sorted(by_size):
        walls = [r.wall_ns for r in by_size[size] if r.proved and r.wall_ns is not None]
        if walls:
            times[size] = round(median(walls))
        else:
            failed[size] = by_size[size][0].reason
    first, largest = rows[0], max(times, default=None)
    peaks = [r.peak_bytes for r in rows if r.size == largest and r.proved and r.peak_bytes]
    end = min(failed, default=None)
    limits = [f.ceiling for f in families(first.kind) if f.name == first.family]
    return Climb(
        kind=first.kind,
        family=first.family,
        unit=first.size_unit,
        method=first.method,
        tried=len(by_size),
        times=times,
        largest=largest,
        peak_bytes=max(peaks, default=None),
        failed=end,
        reason="" if end is None else failed[end],
        ceiling=largest is not None and largest in limits,
        growth=fit(times),
    )


def fit(times: dict[int, int]) -> Growth | NoLaw:
    """The better of both laws over the sizes of 50 ms or more, or why there is none."""
    points = sorted((n, t) for n, t in times.items() if t >= _FLOOR_NS and n > 0)
    if len(points) < LEAST_SIZES:
        return NoLaw.FEW
    found = [t for _, t in points]
    if max(found) < _FLAT * min(found):
        return NoLaw.FLAT
    law = _law(points)
    return law if law.rate > 0 and law.r_squared >= _EXPLAINED else NoLaw.UNCLEAR


def _law(points: list[tuple[int, int]]) -> Growth:
    sizes = np.array([n for n, _ in points], dtype=np.float64)
    logs = np.array([log(t) for _, t in points])
    found = []
    for law, axis in (("power", np.log(sizes)), ("exponential", sizes)):
        rate, constant = np.polyfit(axis, logs, 1)
        left = float(((logs - rate * axis - constant) ** 2).sum())
        found.append((left, law, float(rate), exp(float(constant))))
    left, law, rate, factor = min(found)
    spread = float(((logs - logs.mean()) ** 2).sum())
    corrected = 1 - left / spread * (len(points) - 1) / (len(points) - 2)
    return Growth(law, factor, rate, corrected, tuple(n for n, _ in points))
