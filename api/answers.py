"""The requests, answered: the one way from a door to the planner."""

import threading
import time

from api.requests import (
    Estimate,
    Explanation,
    ExplanationRequest,
    FrontierRequest,
    InstanceOf,
    PlanRequest,
    SimulationRequest,
    SplitRequest,
    Valid,
    ValidationRequest,
    VerificationRequest,
)
from models.base import Document
from models.documents import digest, shorten
from models.errors import DocumentError, FieldError
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.problems.split_computing import SplitComputingProblem
from models.result import Certificate, Grade, Reason, Verification
from models.simulation import Simulation
from planner import service
from planner.certify import unit_of
from planner.expert_split import attempted
from planner.frontier import swept
from planner.race import Listener
from planner.record import HINT
from planner.simulate import Second, UnitsError, UnusedDeviceError, resume, simulate
from planner.split_computing_frontier import swept as split_swept
from planner.strategy import lanes
from planner.verify import verify
from planner.worker import call
from problem_instances import best_known, load, names
from solvers.registry import entries, entry

_FAILURES = (Reason.FAILED, Reason.MEMORY_LIMIT)


def check(request: Document) -> None:
    """Raises DocumentError for a method that the kind does not have."""
    if not isinstance(request, PlanRequest) or request.solver is None:
        return
    kind = request.problem.kind
    if entry(kind, request.solver) is None:
        remedy = f"use one of: {', '.join(item.name for item in entries(kind))}"
        reason = f"no method of that name for {kind}"
        raise DocumentError((FieldError("/solver", shorten(request.solver), reason, remedy),))


def plan(
    request: PlanRequest,
    *,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """The certificate of a plan request; blocks for its time limit at most, and a grace.

    Raises DocumentError for a method that the kind does not have.
    """
    check(request)
    return service.plan(
        request.problem,
        request.limits,
        solver=request.solver,
        hint=request.hint,
        listen=listen,
        cancel=cancel,
    )


def has_failed(found: Certificate) -> bool:
    """Whether every method that ran died, raised, or ran out of memory."""
    runs = [run for run in found.runs if run.solver != HINT]
    settled = found.grade in (Grade.OPTIMAL, Grade.INFEASIBLE)
    return bool(runs) and not settled and all(run.reason in _FAILURES for run in runs)


def plan_another_way(
    request: PlanRequest,
    before: Certificate,
    *,
    listen: Listener | None = None,
    cancel: threading.Event | None = None,
) -> Certificate:
    """The certificate after the methods that an answer has not tried; its plan is their start.

    The answer itself where nothing is left to be tried: a method was asked for by name, the time is
    over, or all of them have failed.
    """
    spent = before.timings_ns.get("total", 0)
    left = request.limits.time_limit_ns - spent
    tried = [run.solver for run in before.runs if run.wall_ns > 0]
    untried = {item.name for item in entries(request.problem.kind)}.difference(tried)
    if request.solver is not None or left <= 0 or not untried:
        return before
    found = service.plan(
        request.problem,
        request.limits.model_copy(update={"time_limit_ns": left}),
        hint=before.plan or request.hint,
        listen=listen,
        cancel=cancel,
        tried=tried,
    )
    runs = (*(run for run in before.runs if run.wall_ns > 0), *found.runs)
    total = {**found.timings_ns, "total": spent + found.timings_ns["total"]}
    kept = found.plan_from == HINT and before.plan is not None
    by = before.plan_from if kept else found.plan_from
    return found.model_copy(update={"runs": runs, "timings_ns": total, "plan_from": by})


def validation(request: ValidationRequest) -> Valid:
    """What a problem is, once it has been read."""
    problem = request.problem
    return Valid(
        kind=problem.kind,
        digest=digest(problem),
        size=problem.size_in_words,
        objective=problem.objective_in_words,
        unit=unit_of(problem),
    )


def estimate(request: ValidationRequest) -> Estimate:
    """What would be run on a problem."""
    problem = request.problem
    found = lanes(problem, None)
    names = tuple(tuple(method.name for method in lane) for lane in found)
    return Estimate(kind=problem.kind, size=problem.size_in_words, lanes=names)


def verification(request: VerificationRequest) -> Verification:
    """The verdict on a plan."""
    return verify(request.problem, request.plan)


def simulation(request: SimulationRequest) -> Simulation:
    """The plan replayed. Raises DocumentError where it cannot be: refused, or too large."""
    setting = request.problem, request.plan, request.units, request.stops_ns
    try:
        if request.then is None:
            return simulate(*setting, shared=request.shared_medium)
        second = Second(request.then, request.resume_after_ns)
        return resume(*setting, second, shared=request.shared_medium)
    except UnusedDeviceError as error:
        remedy = f"use one of: {', '.join(error.used)}"
        raise DocumentError((FieldError("/stops_ns", error.device, str(error), remedy),)) from None
    except UnitsError as error:
        fault = FieldError("/units", str(error.asked), str(error), f"use {error.possible}, say")
        raise DocumentError((fault,)) from None
    except ValueError as error:
        remedy = "see what 'verify' says of it, or simulate fewer units"
        raise DocumentError((FieldError("/plan", "the plan", str(error), remedy),)) from None


def instances() -> tuple[InstanceOf, ...]:
    """All shipped instances."""
    return tuple(_instance(name) for name in names())


def _instance(name: str) -> InstanceOf:
    problem, best = load(name), best_known(name)
    return InstanceOf(
        name=name,
        kind=problem.kind,
        objective=str(problem.objective),
        size=problem.size_in_words,
        best_known=best.objective,
        lower_bound=best.lower_bound,
        unit=best.unit,
        proved_by=best.proved_by,
    )


def frontier(request: FrontierRequest, *, cancel: threading.Event | None = None) -> Frontier:
    """The sweep, in a child within its limits; cancelled, what it has by then.

    Raises DocumentError where it makes no sense.
    """
    limits = request.limits
    # The sweep stops by itself in nine tenths of the time, so that the child can still answer.
    inner = limits.model_copy(update={"time_limit_ns": limits.time_limit_ns * 9 // 10})
    problem, points = request.problem, request.points
    if isinstance(problem, SplitComputingProblem):
        grid = request.bandwidths_bit_per_s, request.floors_ppm
        found = call(
            split_swept, problem, *grid, points, inner, limits=limits, cancel=cancel, stoppable=True
        )
    else:
        found = call(
            swept,
            problem,
            request.budget,
            points,
            inner,
            limits=limits,
            cancel=cancel,
            stoppable=True,
        )
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
