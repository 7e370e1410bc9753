"""What records say together: the optimum of each problem, and how far from it each plan is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from planner.benchmark.record import Record

CaseKey = tuple[str, str]
_A_FEW = 4


@dataclass(frozen=True)
class Answer:
    """What is known of one problem.

    best: of all verified plans; bound: the best that an exact method claims; optimum: proved in
    this run or before; contradiction: claims that cannot all be right, in words.
    """

    best: int | None
    bound: int | None
    optimum: int | None
    contradiction: str = ""


def answers(rows: Iterable[Record]) -> dict[CaseKey, Answer]:
    """The answer to each problem. Figures of others prove nothing here."""
    grouped: dict[CaseKey, list[Record]] = defaultdict(list)
    for row in rows:
        if row.measured:
            grouped[row.case].append(row)
    return {case: _answer(found) for case, found in grouped.items()}


def _answer(rows: list[Record]) -> Answer:
    best = min((r.objective for r in rows if r.objective is not None), default=None)
    bounds = [r.lower_bound for r in rows if r.exact and r.lower_bound is not None]
    known = next((r.optimum for r in rows if r.optimum is not None), None)
    bound = max([*bounds, *([] if known is None else [known])], default=None)
    if best is not None and bound is not None and bound > best:
        who = [r.method for r in rows if r.lower_bound is not None and r.lower_bound > best]
        says = ", ".join(who) or "the library"
        return Answer(best, None, None, f"{says}: no plan below {bound}, yet one has {best}")
    infeasible = [r.method for r in rows if r.exact and r.reason == "infeasible"]
    if best is not None and infeasible:
        return Answer(best, bound, None, f"{', '.join(infeasible)}: no plan, yet one has {best}")
    optimum = known if known is not None else best if best == bound else None
    return Answer(best, bound, optimum)


def gap(objective: int | None, optimum: int | None) -> float | None:
    """(objective - optimum) / |optimum|: 0.1 costs a tenth more.

    None where one of them is not known, or the optimum is 0 and the plan costs anything: no factor
    leads from nothing to something.
    """
    if objective is None or optimum is None:
        return None
    if objective == optimum:
        return 0.0
    return (objective - optimum) / abs(optimum) if optimum else None


def primal_gap(objective: int | None, optimum: int) -> float:
    """|objective - optimum| / max of both: 0 at the optimum, 1 without a plan (Berthold 2013)."""
    if objective is None or objective * optimum < 0:
        return 1.0
    if objective == optimum:
        return 0.0
    return abs(objective - optimum) / max(abs(objective), abs(optimum))


@dataclass(frozen=True)
class Gaps:
    """A method's gaps to proved optima, by problem.

    missing: problems that have a plan, of which it found none; untaken: generated families in
    which it finds no plan at all, and which are not counted; boundless: optima of 0 that it missed.
    """

    method: str
    by_case: dict[CaseKey, float]
    missing: int
    untaken: tuple[str, ...]
    boundless: int

    @property
    def values(self) -> list[float]:
        """The gaps, sorted."""
        return sorted(self.by_case.values())


def gaps(rows: Iterable[Record], known: dict[CaseKey, Answer], method: str) -> Gaps:
    """The gaps of one method; of repetitions the worst."""
    worst: dict[CaseKey, Record] = {}
    for row in rows:
        optimum = known[row.case].optimum if row.case in known else None
        if row.method != method or optimum is None or row.reason == "unsupported":
            continue
        before = worst.get(row.case)
        if before is None or _cost(row) > _cost(before):
            worst[row.case] = row
    untaken = _untaken(list(worst.values()))
    by_case: dict[CaseKey, float] = {}
    missing = boundless = 0
    for case, row in worst.items():
        if row.family in untaken:
            continue
        found = gap(row.objective, known[case].optimum)
        if found is not None:
            by_case[case] = found
        elif row.objective is None:
            missing += 1
        else:
            boundless += 1
    return Gaps(method, by_case, missing, untaken, boundless)


def _untaken(rows: list[Record]) -> tuple[str, ...]:
    """Generated families for which there is a plan of no problem, of a few at least."""
    found: dict[str, list[Record]] = defaultdict(list)
    for row in rows:
        if row.source == "generated":
            found[row.family].append(row)
    return tuple(
        family
        for family, own in found.items()
        if len(own) >= _A_FEW and all(row.objective is None for row in own)
    )


def _cost(row: Record) -> float:
    return float("inf") if row.objective is None else row.objective
