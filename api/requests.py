"""What the service is asked, and the answers that are not nouns of the models."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction
from models.frontier import Budget
from models.problems import AnyPlan, AnyProblem
from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Matrix
from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.split_computing import SplitComputingProblem
from models.result import Grade, Limits
from models.units import BitsPerSecond, Nanoseconds, Ppm
from planner.simulate import KINDS as SIMULATED

MAX_SIMULATED_UNITS = 1000


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
    """A problem one of whose budgets is to be swept.

    budget: of an expert selection at `points` equally spaced levels; of a split the accuracy, at
    `floors_ppm`, or where these are left out at every floor that matters, `points` at most, at
    each of `bandwidths_bit_per_s` on its first hop (the document's own where left out).
    """

    problem: Annotated[ExpertSelectionProblem | SplitComputingProblem, Field(discriminator="kind")]
    budget: Budget
    points: Annotated[int, Field(ge=2, le=200)] = 20
    floors_ppm: Annotated[tuple[Ppm, ...], Field(max_length=200)] = ()
    bandwidths_bit_per_s: Annotated[tuple[BitsPerSecond, ...], Field(max_length=50)] = ()
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _the_kind_has_the_budget(self) -> Self:
        split = isinstance(self.problem, SplitComputingProblem)
        if split != (self.budget is Budget.ACCURACY):
            known = [Budget.ACCURACY] if split else [b for b in Budget if b is not Budget.ACCURACY]
            raise contradiction(
                f"{self.problem.kind} has no budget '{self.budget}' to sweep",
                f"use one of: {', '.join(known)}",
            )
        if not split and (self.floors_ppm or self.bandwidths_bit_per_s):
            raise contradiction(
                "floors and bandwidths are for a split", "leave them out; points are enough"
            )
        return self


class ReplanMode(StrEnum):
    """Ways to replan: by every method of the strategy, or by Asteroid's lightweight replay."""

    FULL = "full"
    REPLAY = "replay"


class RevisionRequest(Document):
    """A change of the problem of a job, to be planned from the job's plan.

    patch: a merge patch (RFC 7396) of the problem; lists are replaced whole;
    lost: devices that are gone; slowed: device -> factor, such as "1.5";
    migration_weight_ns_per_mib: added to the objective per MiB that a device has to load;
    mode: replay gives what is lost to its neighbours, where the kind has that method;
    limits, solver: as in a plan request; the former ones where left out.
    """

    patch: dict[str, Any] = {}
    lost: tuple[Name, ...] = ()
    slowed: dict[Name, str] = {}
    migration_weight_ns_per_mib: Nanoseconds = 0
    mode: ReplanMode = ReplanMode.FULL
    limits: Limits | None = None
    solver: Name | None = None

    @model_validator(mode="after")
    def _a_replay_is_a_method(self) -> Self:
        if self.mode is ReplanMode.REPLAY and self.solver not in (None, self.mode):
            raise contradiction(
                "a replay is a method of its own", "leave 'solver' or 'mode' out", "solver"
            )
        return self


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


class Batch(Document):
    """The tokens of one batch, [layers][experts]."""

    loads: Annotated[Matrix, Field(min_length=1, max_length=500)]


class SplitRequest(Batch):
    """A placement of experts, and a batch whose tokens are to be split among the replicas."""

    problem: ExpertBalanceProblem
    plan: ExpertBalancePlan
    limits: Limits = Limits()


class SimulationRequest(Document):
    """A plan to be replayed unit by unit.

    units: as many as tell the objective, where left out; stops_ns: devices that stop for good, and
    when; then: the plan that goes on without them, `resume_after_ns` after the first of them has
    stopped; shared_medium: one channel for all transfers instead of a link for each.
    """

    problem: AnyProblem
    plan: AnyPlan
    units: Annotated[int, Field(ge=1, le=MAX_SIMULATED_UNITS)] | None = None
    stops_ns: dict[Name, Nanoseconds] = {}
    then: AnyPlan | None = None
    resume_after_ns: Nanoseconds = 0
    shared_medium: bool = False

    @model_validator(mode="after")
    def _there_is_a_simulator(self) -> Self:
        if self.problem.kind not in SIMULATED:
            raise contradiction(
                f"no simulator for {self.problem.kind}",
                f"use one of: {', '.join(SIMULATED)}",
                *("problem", "kind"),
            )
        return self

    @model_validator(mode="after")
    def _a_second_plan_follows_a_stop(self) -> Self:
        if self.then is not None and not self.stops_ns:
            reason, remedy = "a second plan, but no device stops", "say who stops when"
            raise contradiction(reason, remedy, "then")
        if self.then is None and self.resume_after_ns:
            reason = "there is no second plan to wait for"
            raise contradiction(reason, "give the plan that goes on", "resume_after_ns")
        return self


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


class MethodOf(Document):
    """One method of one kind, and what it promises."""

    kind: str
    name: str
    summary: str
    traits: TraitsOf


class BuildOf(Document):
    """A package as it is installed.

    version: None where it is not; known_bad: it answers wrongly, or cannot be loaded; reason: why,
    or which fault of it is worked around; None where none is known.
    """

    package: str
    version: str | None
    known_bad: bool
    reason: str | None


class Solvers(Document):
    """The methods of every kind in order of preference, and the builds they run on."""

    methods: tuple[MethodOf, ...]
    builds: tuple[BuildOf, ...]


class KindOf(Document):
    """One problem kind: its title, the mathematics, what it can minimise and in which unit."""

    kind: str
    title: str
    statement: str
    objectives: tuple[str, ...]
    unit: str


class InstanceOf(Document):
    """A shipped instance and its best known answer.

    best_known, lower_bound: in `unit`; None where there is none: the instance is infeasible.
    """

    name: str
    kind: str
    objective: str
    size: str
    best_known: int | None
    lower_bound: int | None
    unit: str
    proved_by: tuple[str, ...]


class Alive(Document):
    """That the process answers."""

    status: str = "ok"


class Ready(Alive):
    """That it can solve; slots: solves at once, 0 where workers elsewhere do; free: of these."""

    slots: Annotated[int, Field(ge=0)]
    free: Annotated[int, Field(ge=0)]
