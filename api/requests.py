"""What the service is asked, and the answers that are not nouns of the models."""

from typing import Annotated

from pydantic import Field

from models.base import Document, Name
from models.frontier import Budget
from models.problems import AnyPlan, AnyProblem
from models.problems.expert_selection import ExpertSelectionProblem
from models.result import Grade, Limits


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


class KindOf(Document):
    """One problem kind: its title, the mathematics, what it can minimise and in which unit."""

    kind: str
    title: str
    statement: str
    objectives: tuple[str, ...]
    unit: str


class Alive(Document):
    """That the process answers."""

    status: str = "ok"


class Ready(Alive):
    """That it can solve; slots: solves at once; free: slots without a solve."""

    slots: Annotated[int, Field(ge=1)]
    free: Annotated[int, Field(ge=0)]
