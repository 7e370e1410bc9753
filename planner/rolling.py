"""Placements that follow a changing world: a plan per step, from the one in force.

At each step the problem with the averages of what was observed (planner/observations.py) is planned
again, with the plan in force and a price for moving. The plan before stands beside it, where it
still keeps to the rules.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from models.errors import DocumentError, FieldError
from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Limits
from models.rolling import Observation, Rolling, RollingStep
from planner import service
from planner.observations import Pace, averaged
from planner.replan.offload_placement import loads, remembering
from planner.verify import verify


def roll(
    problem: OffloadPlacementProblem,
    observations: Sequence[Observation],
    limits: Limits,
    pace: Pace,
    cancel: threading.Event | None = None,
) -> Iterator[RollingStep]:
    """A step for the problem as it is, then one per observation; limits: of all together.

    A step without a plan leaves the one before in force; one that is cancelled is not given, and
    none after it. Raises DocumentError with the pointer of
    the observation that does not fit the problem, before anything is planned.
    """
    problems = [problem, *_followed(problem, observations, pace)]
    names = ["start", *(seen.name for seen in observations)]
    price = _price(problem, pace)
    deadline = time.monotonic_ns() + limits.time_limit_ns
    before: OffloadPlacementPlan | None = None
    for number, (asked, name) in enumerate(zip(problems, names, strict=True)):
        left = max(0, deadline - time.monotonic_ns())
        share = limits.model_copy(update={"time_limit_ns": left // (len(problems) - number)})
        step = _step(asked, name, before, share, (price, cancel))
        if cancel is not None and cancel.is_set():
            return
        before = step.plan or before
        yield step


def rolled(
    problem: OffloadPlacementProblem,
    observations: Sequence[Observation],
    limits: Limits,
    pace: Pace,
    cancel: threading.Event | None = None,
    listen: Callable[[RollingStep], None] | None = None,
) -> Rolling:
    """All steps of `roll`, each told as soon as it is done."""
    begun = time.monotonic_ns()
    steps = []
    for step in roll(problem, observations, limits, pace, cancel):
        steps.append(step)
        if listen is not None:
            listen(step)
    return Rolling(
        tokens=problem.tokens,
        steps=tuple(steps),
        stopped=len(steps) <= len(observations),
        wall_ns=time.monotonic_ns() - begun,
    )


def _price(problem: OffloadPlacementProblem, pace: Pace) -> int:
    """Price per MiB that moves, ns: of the pace, else of the problem."""
    if pace.ns_per_mib is not None:
        return pace.ns_per_mib
    return 0 if problem.present is None else problem.present.ns_per_mib


def _followed(
    problem: OffloadPlacementProblem, observations: Sequence[Observation], pace: Pace
) -> Iterator[OffloadPlacementProblem]:
    for index, seen in enumerate(observations):
        try:
            problem = averaged(problem, seen, pace)
        except DocumentError as error:
            raise DocumentError(
                tuple(
                    FieldError(f"/steps/{index}{f.pointer}", f.value, f.reason, f.remedy)
                    for f in error.faults
                )
            ) from None
        yield problem


def _step(
    problem: OffloadPlacementProblem,
    name: str,
    before: OffloadPlacementPlan | None,
    limits: Limits,
    price_and_cancel: tuple[int, threading.Event | None],
) -> RollingStep:
    ns_per_mib, cancel = price_and_cancel
    asked = problem if before is None else remembering(problem, before, ns_per_mib)
    kept = None if before is None else verify(problem, before).objective
    hint = None if kept is None else before
    certificate = service.plan(asked, limits, hint=hint, cancel=cancel)
    plan = certificate.plan
    if not isinstance(plan, OffloadPlacementPlan):
        return RollingStep(
            name=name, grade=certificate.grade, kept_ns=kept, explanation=certificate.explanation
        )
    totals = certificate.breakdown.totals
    moved = [] if before is None else list(loads(problem, before, plan).values())
    return RollingStep(
        name=name,
        grade=certificate.grade,
        latency_ns=totals["latency_ns"],
        migration_ns=totals["migration_ns"],
        lower_bound_ns=certificate.lower_bound,
        kept_ns=kept,
        moved=len(moved),
        moved_bytes=sum(moved),
        plan=plan,
    )
