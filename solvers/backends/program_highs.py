"""Integer programs by HiGHS, its answer held against the integers.

What HiGHS solves is a program around the one asked for, in numbers that it tells apart
(solvers/backends/coarsening.py). Points are rounded, completed and checked in exact numbers; the
bound is what HiGHS' own is worth after its tolerances (solvers/backends/resolution.py), rounded up
to an integer. An answer never says more than the numbers carry: a search that has ended with a gap
has proved no optimum.
"""

import math
from collections.abc import Callable
from dataclasses import replace

from models.result import Reason
from solvers.backends import highs
from solvers.backends.branching import prove
from solvers.backends.coarsening import around, hazy, within
from solvers.backends.resolution import COARSE
from solvers.backends.safe_bound import divisor
from solvers.backends.settling import settled
from solvers.backends.supervision import Findings
from solvers.base import Stopwatch
from solvers.integer_program import Answer, Array, Floats, IntegerProgram

# Every integer up to here has a floating-point number of its own.
_LARGEST = 2**53
# What sums of int64 hold with some to spare.
_LARGEST_PROVED = 2**60


def solve(
    program: IntegerProgram,
    watch: Stopwatch,
    seed: int = 0,
    start: Array | None = None,
    found: Callable[[Array], None] = lambda _: None,
    bounded: Callable[[int], None] = lambda _: None,
) -> Answer:
    """The optimum, or what was known when the stopwatch expired; from the point `start`.

    Better points and bounds go to `found` and `bounded` as they come, from another thread.
    Where a sum may have more than 53 bits, the optimum if the search in integers finishes, else
    UNSUPPORTED; where floating point is hazy the bound is that search's and HiGHS gives points.
    """
    if (largest := program.largest_sum()) > _LARGEST_PROVED:
        return _unsupported(largest)
    if largest > _LARGEST or hazy(program):
        return _in_integers(program, watch, seed, start)

    findings = _listening(program, found, bounded)
    answer = _judged(program, highs.solve(around(program), watch, seed, start, findings), start)
    if answer.reason is Reason.HEURISTIC and answer.point is None:
        answer = _placed(program, watch, seed, answer)
    unsettled = answer.reason in (Reason.HEURISTIC, Reason.INFEASIBLE)
    return _proved(program, watch, answer) if unsettled else answer


def _unsupported(largest: int) -> Answer:
    return Answer(Reason.UNSUPPORTED, detail=f"sums of up to {largest} exceed a double's precision")


def _in_integers(
    program: IntegerProgram, watch: Stopwatch, seed: int, start: Array | None
) -> Answer:
    """What integers alone make of a program that floating point cannot hold, or only in points."""
    proof = prove(program, watch, _better(program, None, start))
    if proof.finished:
        reason = Reason.INFEASIBLE if proof.point is None else Reason.COMPLETED
        return Answer(reason, proof.point, proof.bound)
    if (largest := program.largest_sum()) > _LARGEST:
        return _unsupported(largest)
    answer = highs.solve(program, watch, seed, proof.point)
    point = None if answer.values is None else settled(program, answer.values)
    reason, detail = answer.reason, answer.detail
    if reason in (Reason.COMPLETED, Reason.INFEASIBLE):
        reason, detail = Reason.HEURISTIC, "numbers too far apart for proofs in floating point"
    point = _better(program, point, proof.point)
    return Answer(reason, point, proof.bound, detail, answer.stats)


def _listening(
    program: IntegerProgram, found: Callable[[Array], None], bounded: Callable[[int], None]
) -> Findings[Floats, float]:
    def take(values: Floats) -> None:
        point = settled(program, values)
        if point is not None:
            found(point)

    def take_bound(bound: float) -> None:
        lower = whole_bound(program, bound)
        if lower is not None:
            bounded(lower)

    return Findings(take, take_bound)


def _judged(program: IntegerProgram, answer: highs.Answer, start: Array | None) -> Answer:
    """HiGHS' answer in integers; one that a point contradicts counts for nothing but the point."""
    point = None if answer.values is None else settled(program, answer.values)
    point = _better(program, point, start)
    bound = whole_bound(program, answer.bound)
    reason, detail = answer.reason, answer.detail
    value = None if point is None else program.objective(point)
    if value is not None and (reason is Reason.INFEASIBLE or (bound is not None and bound > value)):
        reason, detail, bound = Reason.HEURISTIC, "HiGHS denies a point that there is", None
    elif reason is Reason.COMPLETED and value is None:
        reason, detail = Reason.HEURISTIC, "the rounded point breaks a row by less than HiGHS sees"
    elif reason is Reason.COMPLETED and not _meets(program, bound, value):
        reason, detail = Reason.HEURISTIC, "the search ended; HiGHS' tolerances leave a gap"
    return Answer(reason, point, bound, detail, answer.stats, answer.values)


def _placed(program: IntegerProgram, watch: Stopwatch, seed: int, answer: Answer) -> Answer:
    """The answer with a point, where HiGHS has one of a program within this one."""
    inner = within(program)
    if inner is None:
        return answer
    values = highs.solve(inner, watch, seed).values
    point = None if values is None else settled(program, values)
    return answer if point is None else replace(answer, point=point)


def _meets(program: IntegerProgram, bound: int | None, value: int | None) -> bool:
    """Whether no objective below the bound would count as less than the value does."""
    return bound is not None and value is not None and bound >= program.least_alike(value)


def _better(program: IntegerProgram, point: Array | None, start: Array | None) -> Array | None:
    if start is None or not program.holds(start):
        return point
    if point is None or program.objective(start) < program.objective(point):
        return start
    return point


def _proved(program: IntegerProgram, watch: Stopwatch, answer: Answer) -> Answer:
    """The answer with what a search in exact numbers adds to it.

    At most the root of it for large programs: networks and others whose relaxation is integral are
    proved so at any magnitude.
    """
    proof = prove(program, watch, answer.point)
    if proof.finished:
        reason = Reason.INFEASIBLE if proof.point is None else Reason.COMPLETED
        return replace(answer, reason=reason, point=proof.point, bound=proof.bound, detail="")
    if answer.infeasible:
        return _second_opinion(program, watch, answer, proof.point)
    value = None if proof.point is None else program.objective(proof.point)
    if value is not None and answer.bound is not None and answer.bound > value:
        return replace(answer, point=proof.point, bound=proof.bound)
    bounds = [bound for bound in (answer.bound, proof.bound) if bound is not None]
    bound = max(bounds, default=None)
    if _meets(program, bound, value):
        return replace(answer, reason=Reason.COMPLETED, point=proof.point, bound=bound, detail="")
    return replace(answer, point=proof.point, bound=bound)


def _second_opinion(
    program: IntegerProgram, watch: Stopwatch, answer: Answer, point: Array | None
) -> Answer:
    """HiGHS' word that there is no point counts where another run of it says the same.

    point: one that the search in exact numbers has found all the same.
    """
    if point is None:
        again = highs.solve(around(program), watch, tolerances=COARSE)
        if again.reason is Reason.INFEASIBLE:
            return answer
        point = None if again.values is None else settled(program, again.values)
    if point is None and watch.expired():
        return Answer(watch.why(), detail="HiGHS finds no point; not confirmed")
    detail = "HiGHS finds no point at one tolerance, at another it does not deny it"
    return Answer(Reason.HEURISTIC, point, None, detail, answer.stats)


def whole_bound(program: IntegerProgram, bound: float | None) -> int | None:
    """The least objective of integers that a safe bound leaves."""
    if bound is None:
        return None
    step = divisor(program)
    return math.ceil((bound - program.offset) / step) * step + int(program.offset)
