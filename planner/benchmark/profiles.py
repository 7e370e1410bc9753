"""Curves over many problems: performance profiles, the gap over time, the primal integral.

Dolan and Moré, Benchmarking optimization software with performance profiles, Mathematical
Programming 91 (2002); Berthold, Measuring the impact of primal heuristics, Operations Research
Letters 41 (2013).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from planner.benchmark.record import Record
from planner.benchmark.results import Answer, CaseKey, primal_gap

# Below a millisecond a time is the machine's, not the method's: shorter ones count as this.
FLOOR_NS = 10**6


@dataclass(frozen=True)
class Profile:
    """A method's ratios to the fastest method, sorted, over the problems that it proved.

    problems: of which at least one method proved the answer.
    """

    method: str
    ratios: tuple[float, ...]
    problems: int


def proof_times(rows: Iterable[Record]) -> dict[str, dict[CaseKey, int]]:
    """Method -> problem -> ns to the proof, the median of repetitions; where not proved, none."""
    found: dict[tuple[str, CaseKey], list[int]] = defaultdict(list)
    for row in rows:
        if row.measured and row.proved and row.wall_ns is not None:
            found[row.method, row.case].append(row.wall_ns)
    times: dict[str, dict[CaseKey, int]] = defaultdict(dict)
    for (method, case), values in found.items():
        times[method][case] = round(median(values))
    return dict(times)


def common_cases(rows: Iterable[Record], methods: Sequence[str]) -> set[CaseKey]:
    """The problems that all methods were run on, whatever came out.

    A method that was not run on a problem has neither won nor lost there. Generated problems of one
    family and size count together or not at all: where a method was run on some of them only, these
    are what another left unproved, and would speak against that one.
    """
    tried: dict[tuple[object, ...], dict[str, set[CaseKey]]] = defaultdict(
        lambda: {method: set() for method in methods}
    )
    for row in rows:
        if row.measured and row.method in methods:
            alike = (row.family, row.size) if row.source == "generated" else (row.case,)
            tried[row.kind, row.source, *alike][row.method].add(row.case)
    equal = (list(found.values()) for found in tried.values())
    return {case for found in equal if all(own == found[0] for own in found) for case in found[0]}


def performance(rows: Iterable[Record], methods: Sequence[str]) -> list[Profile]:
    """Profiles of exact methods over their common problems, by time to proof."""
    kept = list(rows)
    times = proof_times(kept)
    common = common_cases(kept, methods)
    best: dict[CaseKey, int] = {}
    for method in methods:
        for case, wall in times.get(method, {}).items():
            if case in common:
                best[case] = min(best.get(case, wall), wall)
    return [
        Profile(
            method,
            tuple(
                sorted(
                    max(wall, FLOOR_NS) / max(best[case], FLOOR_NS)
                    for case, wall in times.get(method, {}).items()
                    if case in common
                )
            ),
            len(best),
        )
        for method in methods
    ]


def gap_at(row: Record, optimum: int, at_ns: int) -> float:
    """The primal gap of what a run had at a time."""
    plan = None
    for when, objective, _ in row.trace:
        if when > at_ns:
            break
        plan = objective if objective is not None else plan
    return primal_gap(plan, optimum)


def mean_gap(
    rows: Iterable[Record], known: dict[CaseKey, Answer], grid: Sequence[int]
) -> list[float] | None:
    """The mean primal gap of one method's runs at each time (ns); None without runs."""
    runs = [(row, known[row.case].optimum) for row in rows if row.case in known]
    curves = [
        [gap_at(row, optimum, at) for at in grid] for row, optimum in runs if optimum is not None
    ]
    return [sum(column) / len(curves) for column in zip(*curves, strict=True)] if curves else None


def primal_integral(row: Record, optimum: int, horizon_ns: int) -> float:
    """The integral of the primal gap up to the horizon, as a share of it: 0 at once, 1 never."""
    total, gap, since = 0.0, 1.0, 0
    for when, objective, _ in row.trace:
        at = min(when, horizon_ns)
        total += gap * (at - since)
        since = at
        gap = gap if objective is None else primal_gap(objective, optimum)
    return (total + gap * (horizon_ns - since)) / horizon_ns
