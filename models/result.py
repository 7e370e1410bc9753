"""What solvers claim, what verification finds, and what edgeplan vouches for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from models.base import Document
from models.problems import AnyPlan
from models.simulation import Simulation
from models.units import Nanoseconds, Quantity

S = TypeVar("S")


class Limits(Document):
    """What one solve may use; wall time and the address space of its process."""

    time_limit_ns: Nanoseconds = 60 * 10**9
    memory_limit_bytes: Annotated[int, Quantity("byte", 2**60, "4 GiB", minimum=2**28)] = 4 * 2**30
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class Reason(StrEnum):
    """Why a solver stopped; says nothing about how good its plan is."""

    COMPLETED = "completed"  # an exact method exhausted its search
    INFEASIBLE = "infeasible"  # an exact method proved that no plan exists
    HEURISTIC = "heuristic"  # a method without proof ran to its end
    TIME_LIMIT = "time-limit"
    MEMORY_LIMIT = "memory-limit"
    CANCELLED = "cancelled"
    UNSUPPORTED = "unsupported"  # outside of what the method can state, or too large for it
    FAILED = "failed"  # the process died, the method raised, or its claim is not believed


@dataclass(frozen=True)
class Claim(Generic[S]):
    """What a solver says: a plan, a lower bound, why it stopped. Never an objective.

    lower_bound: no plan costs less, an integer of the kind's unit; None where not established.
    stats: figures of the search, for people (nodes, states, columns, …). family: of what was run,
    where the method took a program that others run too; "" for the method's own.
    """

    solver: str
    reason: Reason
    plan: S | None = None
    lower_bound: int | None = None
    detail: str = ""
    stats: Mapping[str, int | float | str] = field(default_factory=dict)
    family: str = ""


class Violation(Document):
    """One broken rule: where, by how much, in which unit; excess is None where none is measured."""

    rule: str
    where: str
    excess: int | None = None
    unit: str = ""


class Breakdown(Document):
    """The recomputed cost of a plan, row by row; a column's name ends in its unit."""

    rows: tuple[dict[str, str | int], ...] = ()
    totals: dict[str, int] = {}


class Verification(Document):
    """The verdict on a plan: violations, or else its objective and what it is made of.

    accepted: whether the plan breaks no rule; it follows from `violations`.
    """

    violations: tuple[Violation, ...]
    accepted: bool = Field(default_factory=lambda known: not known.get("violations"))
    objective: int | None = None
    breakdown: Breakdown = Breakdown()


class Grade(StrEnum):
    """How much is known about the answer."""

    OPTIMAL = "optimal"  # objective equals the lower bound
    BOUNDED = "bounded"  # a plan and a lower bound, with a gap
    FEASIBLE = "feasible"  # a plan, no bound
    INFEASIBLE = "infeasible"  # proved: no plan exists
    UNKNOWN = "unknown"  # nothing established in time


class Proof(StrEnum):
    """What stands behind a grade of optimal or infeasible."""

    CLAIMED = "claimed"  # one exact method says so
    AGREED = "agreed"  # two unrelated exact methods say so
    CHECKED = "checked"  # re-verified here, without a solver


class Run(Document):
    """One method's run, as it went into the certificate."""

    solver: str
    reason: Reason
    objective: int | None = None
    lower_bound: int | None = None
    wall_ns: int
    detail: str = ""
    stats: dict[str, int | float | str] = {}


class Certificate(Document):
    """The answer: a plan, its recomputed objective, a lower bound, and who proved what.

    objective, lower_bound: integers of `unit`; gap: (objective - lower_bound) / objective.
    plan_from, bound_from: the methods that gave them; proof: None unless the grade is proved.
    contradictions: claims that a verified plan refutes, in words: a fault of the method named.
    simulation: the plan replayed unit by unit, for kinds with a time to be compared.
    problem_digest: SHA-256 of the canonical problem. timings_ns: wall time per part.
    """

    grade: Grade
    unit: str
    plan: AnyPlan | None = None
    objective: int | None = None
    lower_bound: int | None = None
    gap: float | None = None
    plan_from: str | None = None
    bound_from: str | None = None
    proof: Proof | None = None
    breakdown: Breakdown = Breakdown()
    simulation: Simulation | None = None
    contradictions: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    runs: tuple[Run, ...] = ()
    problem_digest: str
    timings_ns: dict[str, int] = {}
