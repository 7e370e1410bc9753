"""From records to the figures that report, summary, README and ledger show, kind by kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from planner.benchmark.growth import Climb, climbs
from planner.benchmark.profiles import (
    FLOOR_NS,
    Profile,
    common_cases,
    mean_gap,
    performance,
    primal_integral,
    proof_times,
)
from planner.benchmark.record import Record
from planner.benchmark.results import Answer, CaseKey, answers, gaps
from planner.benchmark.statistics import bootstrap
from solvers.registry import REGISTRY

_GRID_POINTS = 60


@dataclass(frozen=True)
class Interval:
    """A statistic and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class HeuristicGaps:
    """What one heuristic costs above proved optima, as shares of them.

    values: sorted; middle: the median; mean: of the same; sources: how many of the problems are
    generated, shipped, external; missing: problems with a plan, of which it found none; untaken:
    families in which it finds no plan at all; boundless: optima of 0 that it missed. None where
    there is no plan of it.
    """

    method: str
    values: tuple[float, ...]
    middle: Interval | None
    mean: Interval | None
    sources: dict[str, int]
    missing: int
    untaken: tuple[str, ...]
    boundless: int

    @property
    def worst(self) -> float | None:
        """The largest gap."""
        return self.values[-1] if self.values else None

    @property
    def optimal(self) -> int:
        """How many of its plans are optimal."""
        return self.values.count(0.0)


@dataclass(frozen=True)
class ExactTimes:
    """One exact method: problems tried and proved, and ns to the proof of those."""

    method: str
    tried: int
    proved: int
    median_ns: int | None
    slowest_ns: int | None


@dataclass(frozen=True)
class Section:
    """One kind.

    curves: method -> mean primal gap at each time of `grid_ns`; integrals: shares; peers: rows of
    public sets by method, those of others last.
    """

    kind: str
    problems: int
    proved: int
    heuristics: tuple[HeuristicGaps, ...]
    exact: tuple[ExactTimes, ...]
    profiles: tuple[Profile, ...]
    grid_ns: tuple[int, ...]
    curves: dict[str, tuple[float, ...]]
    integrals: dict[str, Interval]
    climbs: tuple[Climb, ...]
    contradictions: tuple[str, ...]
    peers: tuple[Record, ...]


def sections(rows: list[Record], time_limit_ns: int) -> list[Section]:
    """A section per kind that was measured, in the registry's order."""
    kinds = [kind for kind in REGISTRY if any(row.kind == kind for row in rows)]
    return [
        _section(kind, [row for row in rows if row.kind == kind], time_limit_ns) for kind in kinds
    ]


def _section(kind: str, rows: list[Record], limit_ns: int) -> Section:
    known = answers(rows)
    names = _methods(rows)
    exact = [name for name in names if any(r.exact for r in rows if r.method == name)]
    # Long and short, exact and not: curves are of the problems that all methods were run on.
    common = _common(rows, names)
    grid = tuple(int(at) for at in np.geomspace(FLOOR_NS, limit_ns, _GRID_POINTS))
    return Section(
        kind=kind,
        problems=len(known),
        proved=sum(answer.optimum is not None for answer in known.values()),
        heuristics=tuple(_gaps(rows, known, name) for name in names if name not in exact),
        exact=tuple(_times(rows, name) for name in exact),
        profiles=tuple(performance(common, exact)),
        grid_ns=grid,
        curves=_curves(common, known, names, grid),
        integrals=_integrals(common, known, names, limit_ns),
        climbs=tuple(climbs(rows)),
        contradictions=tuple(
            f"{case[1]}: {answer.contradiction}"
            for case, answer in known.items()
            if answer.contradiction
        ),
        peers=tuple(
            row
            for name in (*names, *_others(rows))
            for row in rows
            if row.source == "external" and row.method == name
        ),
    )


def _methods(rows: Iterable[Record]) -> list[str]:
    """The methods measured, in the registry's order, others (the default strategy) first."""
    found = {row.method: row.kind for row in rows if row.measured}
    order = {m.name: n for kind in set(found.values()) for n, m in enumerate(REGISTRY[kind])}
    return sorted(found, key=lambda name: order.get(name, -1))


def _others(rows: Iterable[Record]) -> list[str]:
    """Whose figures stand beside ours."""
    return list(dict.fromkeys(row.method for row in rows if not row.measured))


def _common(rows: list[Record], names: list[str]) -> list[Record]:
    """The rows of problems on which every method was run."""
    shared = common_cases(rows, names)
    return [row for row in rows if row.measured and row.case in shared]


def _gaps(rows: list[Record], known: dict[CaseKey, Answer], method: str) -> HeuristicGaps:
    found = gaps(rows, known, method)
    sources = {row.case: row.source for row in rows}
    counts = [sources[case] for case in found.by_case]
    values = tuple(found.values)
    return HeuristicGaps(
        method=method,
        values=values,
        middle=Interval(median(values), *bootstrap(values, np.median)) if values else None,
        mean=Interval(mean(values), *bootstrap(values, np.mean)) if values else None,
        sources={name: counts.count(name) for name in sorted(set(counts))},
        missing=found.missing,
        untaken=found.untaken,
        boundless=found.boundless,
    )


def _times(rows: list[Record], method: str) -> ExactTimes:
    own = [row for row in rows if row.method == method]
    times = sorted(proof_times(own).get(method, {}).values())
    return ExactTimes(
        method=method,
        tried=len({row.case for row in own}),
        proved=len(times),
        median_ns=round(median(times)) if times else None,
        slowest_ns=times[-1] if times else None,
    )


def _curves(
    rows: list[Record], known: dict[CaseKey, Answer], names: list[str], grid: tuple[int, ...]
) -> dict[str, tuple[float, ...]]:
    found = {}
    for name in names:
        curve = mean_gap((row for row in rows if row.method == name), known, grid)
        if curve is not None:
            found[name] = tuple(curve)
    return found


def _integrals(
    rows: list[Record], known: dict[CaseKey, Answer], names: list[str], limit_ns: int
) -> dict[str, Interval]:
    found = {}
    for name in names:
        shares = [
            primal_integral(row, optimum, limit_ns)
            for row in rows
            if row.method == name and (optimum := known[row.case].optimum) is not None
        ]
        if shares:
            found[name] = Interval(mean(shares), *bootstrap(shares, np.mean))
    return found
