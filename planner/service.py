"""What the doors call: plan, replan, explain. Every answer goes through verify and certify."""

import threading
import time

from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Claim, Grade, Limits, Reason
from planner import explain
from planner.bounds import lower_bound
from planner.certify import Outcome, certify
from planner.race import Listener, Race
from planner.strategy import lanes
from planner.verify import verify
from planner.worker import ChildLostError, call

HINT = "hint"


def plan(
    problem: AnyProblem,
    limits: Limits,
    *,
    solver: str | None = None,
    hint: AnyPlan | None = None,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """The certificate of a problem within the limits.

    solver: one method by name instead of the strategy's; hint: a plan to start from, never
    answered worse than; listen: called with each Event, in this thread; cancel: set it to stop and
    keep the best plan. Raises UnknownSolverError, ContradictionError.
    """
    begun = time.monotonic_ns()
    chosen = lanes(problem, solver)
    combinatorial = lower_bound(problem)
    outcomes = [] if hint is None else [_hinted(problem, hint)]
    usable = hint if outcomes and not outcomes[0].refused else None
    race = Race(problem, limits, listen, cancel, combinatorial)
    outcomes += race.run(chosen, usable)
    solved = time.monotonic_ns()
    certificate = certify(problem, outcomes, combinatorial)
    explanation: tuple[str, ...] = ()
    if certificate.grade is Grade.INFEASIBLE:
        left = max(0, limits.time_limit_ns - (solved - begun))
        rest = limits.model_copy(update={"time_limit_ns": left})
        explanation = why_infeasible(problem, rest, cancel)
    return certificate.model_copy(
        update={
            "explanation": explanation,
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
    """What binds a plan, and what each rule costs, in words; found in a child."""
    time_ns = limits.time_limit_ns
    try:
        return call(explain.binding, problem, plan, time_ns, limits=limits, cancel=cancel)
    except ChildLostError as error:
        return (f"no explanation within the limits: {error}",)


def _hinted(problem: AnyProblem, hint: AnyPlan) -> Outcome:
    """The hint as a claim of its own, so that the answer is never worse than it."""
    begun = time.monotonic_ns()
    verification = verify(problem, hint)
    claim: Claim[AnyPlan] = Claim(HINT, Reason.HEURISTIC, hint, detail="accepted as a start")
    wall_ns = time.monotonic_ns() - begun
    return Outcome(claim, verification, exact=False, family=HINT, wall_ns=wall_ns)
