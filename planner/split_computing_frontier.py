"""Accuracy against latency (or energy, bytes): the optimum of a split at each accuracy floor.

Floors are given, or found: the ε-constraint method from below asks for one ppm more than the last
optimum has, until there is no plan, and so meets every plan that no other is at least as good as
in both (Haimes, Lasdon and Wismer, IEEE Trans. Systems, Man, and Cybernetics 1, 1971). Each point
is an exact method's, checked by the verifier, beside what every heuristic reaches.
"""

import time
from collections.abc import Callable, Iterator, Sequence

from models.frontier import Budget, Frontier, FrontierPoint
from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Limits, Reason
from planner.frontier import FrontierError, never
from planner.verify import verify
from solvers.base import Asking
from solvers.registry import entries

Rate = int | None
Stopped = Callable[[], bool]


def frontier(
    problem: SplitComputingProblem,
    bandwidths: Sequence[int] = (),
    floors: Sequence[int] = (),
    points: int = 20,
    limits: Limits | None = None,
    stopped: Stopped = never,
) -> Frontier:
    """The optimum at each bandwidth of the first hop and each floor.

    bandwidths: bit/s; the document's own, with its scenarios, where none is given; floors: ppm;
    where none is given all that matter, at most `points` per bandwidth, the least accurate first;
    the frontier's `cut` says whether there may be more. limits: of the whole sweep; stopped: asked
    between points and within them; then the frontier has those found so far.
    Raises FrontierError where a bandwidth is asked for and there is no hop.
    """
    begun = time.monotonic_ns()
    limits = limits or Limits()
    if bandwidths and not problem.hops:
        raise FrontierError("there is no hop whose bandwidth could be changed")
    rates: list[Rate] = [*sorted(set(bandwidths))] or [None]
    found: list[FrontierPoint] = []
    cut = False
    for number, rate in enumerate(rates):
        if stopped():
            break
        left = max(1, limits.time_limit_ns - (time.monotonic_ns() - begun))
        part = limits.model_copy(update={"time_limit_ns": left // (len(rates) - number)})
        here = problem if rate is None else at_bandwidth(problem, rate)
        if floors:
            line = _given(here, rate, sorted(set(floors)), part, stopped)
        else:
            line, more = _rising(here, rate, points, part, stopped)
            cut |= more
        found += _marked(line)
    return Frontier(
        budget=Budget.ACCURACY,
        limit_unit="ppm",
        unit=problem.unit,
        points=tuple(found),
        cut=cut or stopped(),
        stopped=stopped(),
        wall_ns=time.monotonic_ns() - begun,
    )


def swept(
    problem: SplitComputingProblem,
    bandwidths: Sequence[int],
    floors: Sequence[int],
    points: int,
    limits: Limits,
    stopped: Stopped,
) -> Frontier | str:
    """The frontier, or the reason why there is none; for calls into a child."""
    try:
        return frontier(problem, bandwidths, floors, points, limits, stopped)
    except FrontierError as error:
        return str(error)


def at_bandwidth(problem: SplitComputingProblem, bit_per_s: int) -> SplitComputingProblem:
    """The problem with another bandwidth on its first hop and no scenarios."""
    first = problem.hops[0].model_copy(update={"bandwidth_bit_per_s": bit_per_s})
    return problem.model_copy(update={"hops": (first, *problem.hops[1:]), "scenarios": ()})


def _given(
    problem: SplitComputingProblem,
    rate: Rate,
    floors: list[int],
    limits: Limits,
    stopped: Stopped,
) -> list[FrontierPoint]:
    """The points at given floors, by rising floor."""
    end = time.monotonic_ns() + limits.time_limit_ns
    found: list[FrontierPoint] = []
    for number, floor in enumerate(floors):
        if stopped():
            break
        part = _part(limits, end, len(floors) - number)
        point = _point(problem, rate, floor, part, stopped)
        if not _in_vain(point, stopped):
            found.append(point)
    return found


def _rising(
    problem: SplitComputingProblem, rate: Rate, points: int, limits: Limits, stopped: Stopped
) -> tuple[list[FrontierPoint], bool]:
    """At most `points` that matter, by rising floor; whether there may be more of them.

    A plan that is not proved stands at the floor that was asked for, not at its accuracy: between
    the two there may be cheaper ones, of which nothing is known.
    """
    end = time.monotonic_ns() + limits.time_limit_ns
    found: list[FrontierPoint] = []
    floor, sure = 0, True  # the document's own floor is what is swept
    while floor <= problem.accuracy_ppm and not stopped():
        part = _part(limits, end, points + 1 - len(found))
        point = _point(problem, rate, floor, part, stopped)
        if _in_vain(point, stopped):
            break
        if point.plan is None and point.proved and found:
            return found, not sure
        if len(found) == points:
            return found, True
        if not isinstance(point.plan, SplitComputingPlan):
            return [*found, point], not (sure and point.proved)
        accuracy = _accuracy(problem, point.plan)
        # What is best at a floor is also the best at the accuracy that it has.
        limit = accuracy if point.proved else floor
        found.append(point.model_copy(update={"limit": limit}))
        floor, sure = accuracy + 1, sure and point.proved
    return found, not sure


def _in_vain(point: FrontierPoint, stopped: Stopped) -> bool:
    """Whether a question was broken off before anything was known."""
    return stopped() and point.plan is None and not point.proved


def _part(limits: Limits, end: int, questions: int) -> Limits:
    """An equal part of the time until `end` for one of the questions still to be asked."""
    left = max(1, end - time.monotonic_ns())
    return limits.model_copy(update={"time_limit_ns": max(1, left // max(1, questions))})


def _accuracy(problem: SplitComputingProblem, plan: SplitComputingPlan) -> int:
    free = problem.limits.model_copy(update={"accuracy_floor_ppm": 0})
    return verify(problem.model_copy(update={"limits": free}), plan).breakdown.totals[
        "accuracy_ppm"
    ]


def _point(
    problem: SplitComputingProblem, rate: Rate, floor: int, limits: Limits, stopped: Stopped
) -> FrontierPoint:
    asked = problem.model_copy(
        update={"limits": problem.limits.model_copy(update={"accuracy_floor_ppm": floor})}
    )
    plan, bound, denied = _solve(asked, limits, stopped)
    verdict = None if plan is None else verify(asked, plan)
    totals = {} if verdict is None else dict(verdict.breakdown.totals)
    if not problem.speaks_of_accuracy:
        totals.pop("accuracy_ppm", None)
    objective = None if verdict is None else verdict.objective
    return FrontierPoint(
        limit=floor,
        objective=objective,
        lower_bound=bound,
        proved=denied or (objective is not None and objective == bound),
        reused=False,
        dominated=False,
        plan=plan,
        heuristics=dict(_heuristics(asked)),
        bandwidth_bit_per_s=rate,
        what="" if plan is None else describe(asked, plan),
        totals=totals,
    )


def _solve(
    problem: SplitComputingProblem, limits: Limits, stopped: Stopped
) -> tuple[SplitComputingPlan | None, int | None, bool]:
    """The first exact method's plan and bound that takes the problem; whether it denies a plan."""
    for entry in entries(problem.kind):
        claim = entry.load().solve(problem, limits, None, Asking(stopped))
        if claim.reason is Reason.UNSUPPORTED or not entry.traits.exact:
            continue
        return claim.plan, claim.lower_bound, claim.reason is Reason.INFEASIBLE
    raise FrontierError("no exact method takes the problem")


def _heuristics(problem: SplitComputingProblem) -> Iterator[tuple[str, int | None]]:
    for entry in entries(problem.kind):
        if not entry.traits.exact:
            plan = entry.load().solve(problem, Limits()).plan
            yield entry.name, None if plan is None else verify(problem, plan).objective


def _marked(points: list[FrontierPoint]) -> list[FrontierPoint]:
    """The points of one bandwidth, those marked that a higher floor equals or beats."""
    best: int | None = None
    marked = []
    for point in reversed(points):
        worse = best is not None and point.objective is not None and point.objective >= best
        marked.append(point.model_copy(update={"dominated": worse}))
        if point.objective is not None:
            best = point.objective if best is None else min(best, point.objective)
    return marked[::-1]


def describe(problem: SplitComputingProblem, plan: SplitComputingPlan) -> str:
    """Where a plan cuts and what crosses there, in words."""
    gates = "" if plan.policy is None else f", {plan.policy}"
    if plan.bottleneck is not None:
        after = {item.name: item.after for item in problem.bottlenecks}[plan.bottleneck.name]
        return f"{after} as {plan.bottleneck.name}{gates}"
    if not plan.crossings:
        return "local" + gates
    tensors = ", ".join(f"{c.tensor} as {c.representation}" for c in plan.crossings)
    on_first = {item.device for item in plan.placement}
    return (tensors if problem.devices[0].name in on_first else f"remote ({tensors})") + gates


def saved(point: FrontierPoint, method: str) -> str:
    """What the optimum saves against a method, in percent; a dash where either is missing."""
    other = point.heuristics.get(method)
    if point.objective is None or not other:
        return "–"
    return f"{1 - point.objective / other:.0%}"
