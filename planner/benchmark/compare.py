"""Two runs held against each other: what got slower, what got worse, and what is only noise.

Times: for each method the paired ratios of processor time over the problems of both runs, divided
by how much slower the machine was (the reference work that every run carries with it). What one of
the runs cut short at the limit took at least that long. A method is slower when its ratios lie
above the least effect by a one-sided signed-rank test, and Holm's correction over all methods
leaves it so. Plans: a deterministic method that ended by itself gives
the same plan again, so that a plan that costs more is no noise; elsewhere the same test is used. A
problem that was proved before and no more is tested by its sign alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import compress
from math import exp, log
from statistics import mean, median

from planner.benchmark.record import Record
from planner.benchmark.results import CaseKey
from planner.benchmark.statistics import holm, signed_rank

ALPHA = 0.05
# Below these a difference is not worth a person's time, however sure it is.
LEAST_RATIO = 1.15
LEAST_GAP = 0.001
# Two milliseconds beside every time, so that the shortest do not decide.
_SHIFT_NS = 2 * 10**6
_ENDED = {"heuristic", "completed", "infeasible"}
_CUT = "time-limit"
MethodKey = tuple[str, str]


@dataclass(frozen=True)
class Finding:
    """What two runs say about one method in one respect: "time", "cost" or "proofs".

    effect: of B against A: the median ratio of times, the mean growth of the cost, or proofs lost
    less those won; p: adjusted, 0.0 where it is no question of chance; pairs: problems in both;
    moved: on how many of them there is a difference to test.
    """

    kind: str
    method: str
    respect: str
    effect: float
    p: float
    pairs: int
    regression: bool
    detail: str
    moved: int


@dataclass(frozen=True)
class Comparison:
    """All findings, the machine's own factor, how many only one of the runs has.

    failures: processes lost in B only, in words; one may be the machine's doing, so that it is
    told, and tested with the plans that are missing, but is no regression by itself.
    """

    findings: tuple[Finding, ...]
    machine_factor: float
    only_one: int
    failures: tuple[str, ...] = ()

    @property
    def regressions(self) -> tuple[Finding, ...]:
        """What got worse."""
        return tuple(item for item in self.findings if item.regression)


@dataclass(frozen=True)
class _Pair:
    """One problem in both runs: of the repetitions of each the best plan; the ratio of times."""

    before: Record
    after: Record
    ratio: float | None


def compare(before: Iterable[Record], after: Iterable[Record]) -> Comparison:
    """B (after) against A (before), on equal problems only: by name and digest."""
    a, b = _by_case(before), _by_case(after)
    factor = _machine_factor(a.values(), b.values())
    both = [key for key in a if key in b and a[key][0].digest == b[key][0].digest]
    grouped: dict[MethodKey, list[_Pair]] = defaultdict(list)
    for key in both:
        kind, method, _ = key
        grouped[kind, method].append(_pair(a[key], b[key], factor))
    found = [
        *_corrected([_slower(key, pairs) for key, pairs in grouped.items()]),
        *_corrected([_dearer(key, pairs) for key, pairs in grouped.items()]),
        *_corrected([_unproved(key, pairs) for key, pairs in grouped.items()]),
    ]
    lost = [_lost(a[key], b[key]) for key in both]
    return Comparison(
        tuple(found), factor, len(a) + len(b) - 2 * len(both), tuple(filter(None, lost))
    )


_Cases = dict[tuple[str, str, CaseKey], list[Record]]


def _by_case(rows: Iterable[Record]) -> _Cases:
    found: _Cases = defaultdict(list)
    for row in rows:
        if row.measured:
            found[row.kind, row.method, row.case].append(row)
    return dict(found)


def _machine_factor(before: Iterable[list[Record]], after: Iterable[list[Record]]) -> float:
    """How many times longer the reference work took in B; 1 where it was not measured."""
    took = [
        [row.reference_ns for rows in side for row in rows if row.reference_ns is not None]
        for side in (before, after)
    ]
    return median(took[1]) / median(took[0]) if all(took) else 1.0


def _pair(before: list[Record], after: list[Record], factor: float) -> _Pair:
    a, b = (min(rows, key=_dearness) for rows in (before, after))
    return _Pair(a, b, _ratio(before, after, factor) if _timed(a.reason, b.reason) else None)


def _timed(before: str, after: str) -> bool:
    """Whether times say something: both ended alike, or one did and one came to its limit."""
    if before == after:
        return after in _ENDED
    return _CUT in (before, after) and not _ENDED.isdisjoint((before, after))


def _ratio(before: list[Record], after: list[Record], factor: float) -> float | None:
    """Of processor times, or of wall times where neither run has others: one clock for both."""
    cpu = [[row.cpu_ns for row in side if row.cpu_ns is not None] for side in (before, after)]
    wall = [[row.wall_ns for row in side if row.wall_ns is not None] for side in (before, after)]
    times = cpu if any(cpu) else wall
    if not all(times):
        return None
    return (median(times[1]) / factor + _SHIFT_NS) / (median(times[0]) + _SHIFT_NS)


def _dearness(row: Record) -> float:
    return float("inf") if row.objective is None else row.objective


def _lost(before: list[Record], after: list[Record]) -> str:
    """What failed in B and did not in A, "" for nothing."""
    found = next((row for row in after if row.reason == "failed"), None)
    if found is None or any(row.reason == "failed" for row in before):
        return ""
    return f"{found.kind}, {found.method} on {found.instance}: {found.detail}"


def _slower(key: MethodKey, pairs: list[_Pair]) -> Finding:
    """Whether times grew by more than the least effect."""
    ratios = [p.ratio for p in pairs if p.ratio is not None]
    p_value = signed_rank([log(ratio) - log(LEAST_RATIO) for ratio in ratios])
    effect = exp(median(map(log, ratios))) if ratios else 1.0
    detail = f"{effect:.2f} times the processor time"
    number = len(ratios)
    return Finding(*key, "time", effect, p_value, number, effect > LEAST_RATIO, detail, number)


def _dearer(key: MethodKey, pairs: list[_Pair]) -> Finding:
    """Whether plans cost more; a plan that is there no more counts as twice the cost."""
    growth = [_growth(pair) for pair in pairs]
    changed = [(pair, value) for pair, value in zip(pairs, growth, strict=True) if value]
    certain = all(
        pair.before.deterministic and pair.before.reason in _ENDED and pair.after.reason in _ENDED
        for pair, _ in changed
    )
    effect = mean(growth) if growth else 0.0
    p_value = 0.0 if certain and changed else signed_rank([value for _, value in changed])
    worse = sum(value > 0 for _, value in changed)
    detail = f"costs {effect:+.2%} in the mean; worse on {worse}, better on {len(changed) - worse}"
    regression = effect > LEAST_GAP
    return Finding(*key, "cost", effect, p_value, len(pairs), regression, detail, len(changed))


def _growth(pair: _Pair) -> float:
    a, b = pair.before.objective, pair.after.objective
    if a == b:
        return 0.0
    if a is None or b is None:
        return 1.0 if b is None else -1.0
    return max(-1.0, min(1.0, (b - a) / max(abs(a), 1)))


def _unproved(key: MethodKey, pairs: list[_Pair]) -> Finding:
    """Whether proofs are lost; each problem has one vote, so this is a sign test."""
    votes = [float(pair.before.proved) - float(pair.after.proved) for pair in pairs]
    lost, won = votes.count(1.0), votes.count(-1.0)
    detail = f"{lost} proofs lost, {won} won"
    p_value = signed_rank(votes)
    effect, moved = float(lost - won), lost + won
    return Finding(*key, "proofs", effect, p_value, len(pairs), lost > won, detail, moved)


def _corrected(found: list[Finding]) -> list[Finding]:
    """With p-values corrected over all methods; what chance explains is no regression.

    A method with too few differences to reach ALPHA, all of one sign, raises no alarm and takes
    none of it from the others (Tarone 1990).
    """
    able = [item.p == 0 or 0.5**item.moved < ALPHA for item in found]
    adjusted = iter(holm([item.p for item in compress(found, able)]))
    p_values = [next(adjusted) if one else 1.0 for one in able]
    return [
        replace(item, p=p_value, regression=item.regression and p_value < ALPHA)
        for item, p_value in zip(found, p_values, strict=True)
    ]
