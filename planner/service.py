"""What the doors call: plan, replan, explain. Every answer goes through verify and certify."""

import logging
import threading
import time
from collections.abc import Collection

from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Grade, Limits
from planner import explain
from planner.certify import certify
from planner.race import Listener, Race
from planner.simulate import second_opinion
from planner.strategy import lanes, other_lanes
from planner.worker import ChildLostError, call

_log = logging.getLogger(__name__)


def plan(  # noqa: PLR0913  # a problem, its limits, and what a caller may wish
    problem: AnyProblem,
    limits: Limits,
    *,
    solver: str | None = None,
    hint: AnyPlan | None = None,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
    tried: Collection[str] = (),
) -> Certificate:
    """The certificate of a problem within the limits.

    solver: one method by name instead of the strategy's; hint: a plan to start from, never
    answered worse than; listen: called with each Event, in this thread; cancel: set it to stop and
    keep the best plan; tried: methods that have failed on it, so that all others run, one after
    another. Raises UnknownSolverError.
    """
    begun = time.monotonic_ns()
    chosen = other_lanes(problem, tried) if tried else lanes(problem, solver)
    race = Race(problem, limits, listen, cancel)
    outcomes = race.run(chosen, hint)
    solved = time.monotonic_ns()
    certificate = certify(problem, outcomes, race.record.combinatorial)
    for contradiction in certificate.contradictions:
        _log.error("contradiction: %s", contradiction)
    explanation: tuple[str, ...] = ()
    if certificate.grade is Grade.INFEASIBLE:
        left = max(0, limits.time_limit_ns - (solved - begun))
        rest = limits.model_copy(update={"time_limit_ns": left})
        explanation = why_infeasible(problem, rest, cancel)
    return certificate.model_copy(
        update={
            "explanation": explanation,
            "simulation": (
                None
                if certificate.plan is None
                else second_opinion(problem, certificate.plan, certificate.breakdown)
            ),
            "timings_ns": {
                "solve": solved - begun,
                "explain": time.monotonic_ns() - solved,
                "total": time.monotonic_ns() - begun,
            },
        }
    )


def why_infeasible(
    problem: AnyProblem, limits: Limits, cancel: threading.Event | None = None
) -> tuple[str, ...]:
    """The rules in conflict and the smallest repairs, in words; found in a child."""
    time_ns = limits.time_limit_ns
    try:
        return call(explain.infeasible, problem, time_ns, limits=limits, cancel=cancel)
    except ChildLostError as error:
        return (f"no explanation within the limits: {error}",)


def why_this_cost(
    problem: AnyProblem, plan: AnyPlan, limits: Limits, cancel: threading.Event | None = None
) -> tuple[str, ...]:
    """What binds a plan, and what each rule costs, in words; found in a child.

    What a refused plan breaks is said at once.
    """
    broken = explain.refused(problem, plan)
    if broken:
        return broken
    time_ns = limits.time_limit_ns
    try:
        return call(explain.binding, problem, plan, time_ns, limits=limits, cancel=cancel)
    except ChildLostError as error:
        return (f"no explanation within the limits: {error}",)
