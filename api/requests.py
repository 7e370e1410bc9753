"""What the service is asked, and the answers that are not nouns of the models."""

from typing import Annotated, Any

from pydantic import Field

from models.base import Document, Name
from models.frontier import Budget
from models.problems import AnyPlan, AnyProblem
from models.problems.expert_selection import ExpertSelectionProblem
from models.result import Grade, Limits
from models.units import Nanoseconds


class PlanRequest(Document):
    """A problem to be planned.

    limits: time, memory and seed; the server cuts time and memory to its own maxima;
    solver: one method by name instead of the strategy's choice;
    hint: a plan to start from, never answered worse than.
    """

    problem: AnyProblem
    limits: Limits = Limits()
    solver: Name | None = None
    hint: AnyPlan | None = None


class VerificationRequest(Document):
    """A plan to be checked against its problem."""

    problem: AnyProblem
    plan: AnyPlan


class ExplanationRequest(Document):
    """A plan, or a problem without one (then it is planned first), to be explained."""

    problem: AnyProblem
    plan: AnyPlan | None = None
    limits: Limits = Limits()


class FrontierRequest(Document):
    """An expert selection whose budget is to be swept at `points` equally spaced levels."""

    problem: ExpertSelectionProblem
    budget: Budget
    points: Annotated[int, Field(ge=2, le=200)] = 20
    limits: Limits = Limits()


class RevisionRequest(Document):
    """A change of the problem of a job, to be planned from the job's plan.

    patch: a merge patch (RFC 7396) of the problem; lists are replaced whole;
    lost: devices that are gone; slowed: device -> factor, such as "1.5";
    migration_weight_ns_per_mib: added to the objective per MiB that a device has to load;
    limits, solver: as in a plan request; the former ones where left out.
    """

    patch: dict[str, Any] = {}
    lost: tuple[Name, ...] = ()
    slowed: dict[Name, str] = {}
    migration_weight_ns_per_mib: Nanoseconds = 0
    limits: Limits | None = None
    solver: Name | None = None


class BatchRequest(Document):
    """Plan requests that are queued together: all of them, or none when one is refused."""

    requests: Annotated[tuple[PlanRequest, ...], Field(min_length=1, max_length=100)]


class ValidationRequest(Document):
    """A problem to be read and measured, not solved."""

    problem: AnyProblem


class Valid(Document):
    """What was read: digest: SHA-256 of the canonical problem; size: in words."""

    kind: str
    digest: str
    size: str
    objective: str
    unit: str


class Estimate(Document):
    """What would be run: lanes that race, each its methods in turn; size: in words."""

    kind: str
    size: str
    lanes: tuple[tuple[str, ...], ...]


class Explanation(Document):
    """Why a plan costs what it costs, or why there is none.

    objective: of the plan explained, in `unit`; None where there is none or it is refused;
    grade: of the answer that was found first, None where the plan was given.
    """

    grade: Grade | None = None
    objective: int | None = None
    unit: str
    lines: tuple[str, ...]


class TraitsOf(Document):
    """What a method promises; see solvers.base.Traits."""

    exact: bool
    bounds: bool
    deterministic: bool
    family: str
    max_size: int | None


class MethodOf(Document):
    """One method of one kind, and what it promises."""

    kind: str
    name: str
    summary: str
    traits: TraitsOf


class KindOf(Document):
    """One problem kind: its title, the mathematics, what it can minimise and in which unit."""

    kind: str
    title: str
    statement: str
    objectives: tuple[str, ...]
    unit: str


class InstanceOf(Document):
    """A shipped instance and its best known answer; best_known: in `unit`, None: infeasible."""

    name: str
    kind: str
    size: str
    unit: str
    best_known: int | None
    proved_by: tuple[str, ...]


class Alive(Document):
    """That the process answers."""

    status: str = "ok"


class Ready(Alive):
    """That it can solve; slots: solves at once; free: slots without a solve."""

    slots: Annotated[int, Field(ge=1)]
    free: Annotated[int, Field(ge=0)]
