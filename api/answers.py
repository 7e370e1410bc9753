"""The requests, answered: the one way from a door to the planner."""

import threading

from api.requests import Explanation, ExplanationRequest, PlanRequest, VerificationRequest
from models.documents import shorten
from models.errors import DocumentError, FieldError
from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Limits, Verification
from planner import service
from planner.certify import UNITS
from planner.race import Listener
from planner.verify import verify
from solvers.registry import entries, entry


def plan(
    request: PlanRequest,
    *,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """The certificate of a plan request; blocks for its time limit at most, and a grace.

    Raises DocumentError for a method that the kind does not have, ContradictionError.
    """
    kind = request.problem.kind
    if request.solver is not None and entry(kind, request.solver) is None:
        remedy = f"use one of: {', '.join(item.name for item in entries(kind))}"
        reason = f"no method of that name for {kind}"
        raise DocumentError((FieldError("/solver", shorten(request.solver), reason, remedy),))
    return service.plan(
        request.problem,
        request.limits,
        solver=request.solver,
        hint=request.hint,
        listen=listen,
        cancel=cancel,
    )


def verification(request: VerificationRequest) -> Verification:
    """The verdict on a plan."""
    return verify(request.problem, request.plan)


def explanation(
    request: ExplanationRequest, *, cancel: threading.Event | None = None
) -> Explanation:
    """Why the plan costs what it costs, or why there is none; plans first where none is given."""
    problem, candidate = request.problem, request.plan
    if candidate is None:
        found = plan(PlanRequest(problem=problem, limits=request.limits), cancel=cancel)
        if found.plan is None:
            lines = found.explanation or ("neither a plan nor a proof that there is none, in time",)
            return Explanation(unit=found.unit, lines=lines)
        candidate = found.plan
    return _of_plan(problem, candidate, request.limits, cancel)


def _of_plan(
    problem: AnyProblem, candidate: AnyPlan, limits: Limits, cancel: threading.Event | None
) -> Explanation:
    return Explanation(
        objective=verify(problem, candidate).objective,
        unit=UNITS[problem.kind],
        lines=service.why_this_cost(problem, candidate, limits, cancel),
    )
