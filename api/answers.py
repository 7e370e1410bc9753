"""The requests, answered: the one way from a door to the planner."""

import threading
import time

from api.requests import (
    Explanation,
    ExplanationRequest,
    FrontierRequest,
    PlanRequest,
    SimulationRequest,
    SplitRequest,
    VerificationRequest,
)
from models.documents import shorten
from models.errors import DocumentError, FieldError
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.problems.split_computing import SplitComputingProblem
from models.result import Certificate, Verification
from models.simulation import Simulation
from planner import service
from planner.certify import unit_of
from planner.expert_split import attempted
from planner.frontier import swept
from planner.race import Listener
from planner.simulate import simulate
from planner.split_computing_frontier import swept as split_swept
from planner.verify import verify
from planner.worker import call
from solvers.registry import entries, entry


def plan(
    request: PlanRequest,
    *,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """The certificate of a plan request; blocks for its time limit at most, and a grace.

    Raises DocumentError for a method that the kind does not have.
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


def simulation(request: SimulationRequest) -> Simulation:
    """The plan replayed. Raises DocumentError where it cannot be: refused, or too large."""
    setting = request.units, request.stops_ns
    try:
        return simulate(request.problem, request.plan, *setting, shared=request.shared_medium)
    except ValueError as error:
        remedy = "see what 'verify' says of it, or simulate fewer units"
        raise DocumentError((FieldError("/plan", "the plan", str(error), remedy),)) from None


def frontier(request: FrontierRequest, *, cancel: threading.Event | None = None) -> Frontier:
    """The sweep, in a child within its limits. Raises DocumentError where it makes no sense."""
    limits = request.limits
    # The sweep stops by itself in nine tenths of the time, so that the child can still answer.
    inner = limits.model_copy(update={"time_limit_ns": limits.time_limit_ns * 9 // 10})
    problem, points = request.problem, request.points
    if isinstance(problem, SplitComputingProblem):
        grid = request.bandwidths_bit_per_s, request.floors_ppm
        found = call(split_swept, problem, *grid, points, inner, limits=limits, cancel=cancel)
    else:
        found = call(swept, problem, request.budget, points, inner, limits=limits, cancel=cancel)
    if isinstance(found, str):
        remedy = "loosen the other budgets, or give more time"
        raise DocumentError((FieldError("/problem", "the problem", found, remedy),))
    return found


def split(request: SplitRequest, *, cancel: threading.Event | None = None) -> ExpertSplit:
    """The batch among the replicas, in a child within its limits. Raises DocumentError."""
    limits = request.limits
    found = call(
        attempted,
        request.problem,
        request.plan,
        request.loads,
        limits=limits,
        cancel=cancel,
    )
    if isinstance(found, FieldError):
        raise DocumentError((found,))
    return found


def explanation(
    request: ExplanationRequest, *, cancel: threading.Event | None = None
) -> Explanation:
    """Why the plan costs what it costs, or why there is none; plans first where none is given.

    Planning has two thirds of the time at most, the explanation what is left.
    """
    problem, candidate, limits, grade = request.problem, request.plan, request.limits, None
    if candidate is None:
        begun = time.monotonic_ns()
        part = limits.model_copy(update={"time_limit_ns": limits.time_limit_ns * 2 // 3})
        found = plan(PlanRequest(problem=problem, limits=part), cancel=cancel)
        if found.plan is None:
            lines = found.explanation or ("neither a plan nor a proof that there is none, in time",)
            return Explanation(grade=found.grade, unit=found.unit, lines=lines)
        candidate, grade = found.plan, found.grade
        left = max(0, limits.time_limit_ns - (time.monotonic_ns() - begun))
        limits = limits.model_copy(update={"time_limit_ns": left})
    return Explanation(
        grade=grade,
        objective=verify(problem, candidate).objective,
        unit=unit_of(problem),
        lines=service.why_this_cost(problem, candidate, limits, cancel),
    )
