"""From claims to a certificate: the only place that grades an answer.

Objectives come from verification alone. A claim whose plan is refused counts for nothing, its
bound included: a method that errs about its plan is not believed about its bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents import digest
from models.problems import AnyPlan, AnyProblem
from models.problems.split_computing import SplitComputingProblem
from models.problems.split_fleet import SplitFleetProblem
from models.result import (
    Breakdown,
    Certificate,
    Claim,
    Grade,
    Proof,
    Reason,
    Run,
    Verification,
)
from solvers.registry import entries

COMBINATORIAL = "combinatorial"
# Of the kind's first objective; unit_of() knows the problem's own.
UNITS = {
    "dag_partition": "ns",
    "pipeline_partition": "ns",
    "expert_selection": "ppm",
    "split_computing": "ns",
    "split_fleet": "ppm",
    "offload_placement": "ns",
}


class ContradictionError(Exception):
    """Two claims that cannot both hold: at least one method is wrong, and no answer is given."""


@dataclass(frozen=True)
class Outcome:
    """A claim, the verdict on its plan, and what is known of the method that made it.

    exact, family: from the method's traits; wall_ns: what the run took.
    """

    claim: Claim[AnyPlan]
    verification: Verification | None
    exact: bool
    family: str
    wall_ns: int

    @property
    def refused(self) -> bool:
        """Whether it brought a plan that breaks a rule."""
        return self.verification is not None and not self.verification.accepted

    @property
    def objective(self) -> int | None:
        """The recomputed objective of its plan."""
        return None if self.verification is None else self.verification.objective

    @property
    def lower_bound(self) -> int | None:
        """The bound it claims, unless its plan was refused."""
        return None if self.refused else self.claim.lower_bound

    @property
    def proves_infeasible(self) -> bool:
        """Whether an exact method says that no plan exists."""
        return self.exact and self.claim.reason is Reason.INFEASIBLE

    def proves_optimal(self, objective: int) -> bool:
        """Whether an exact method found a plan of this objective and proved it the best."""
        completed = self.exact and self.claim.reason is Reason.COMPLETED
        return completed and self.objective == objective == self.lower_bound


def certify(
    problem: AnyProblem, outcomes: Sequence[Outcome], combinatorial: int | None = None
) -> Certificate:
    """What edgeplan vouches for. Raises ContradictionError."""
    # Ties go by the registry's preference, not to whoever was faster on this machine.
    rank = {method.name: number for number, method in enumerate(entries(problem.kind))}
    best = min(
        (o for o in outcomes if o.objective is not None),
        key=lambda o: (o.objective or 0, rank.get(o.claim.solver, len(rank))),
        default=None,
    )
    bound, bound_from = _best_bound(outcomes, combinatorial)
    objective = None if best is None else best.objective
    _check(outcomes, objective, bound, bound_from)
    grade = _grade(outcomes, objective, bound)
    return Certificate(
        grade=grade,
        unit=unit_of(problem),
        plan=None if best is None else best.claim.plan,
        objective=objective,
        lower_bound=bound,
        gap=_gap(objective, bound),
        plan_from=None if best is None else best.claim.solver,
        bound_from=bound_from,
        proof=proof_of(outcomes, combinatorial),
        breakdown=Breakdown()
        if best is None or best.verification is None
        else best.verification.breakdown,
        runs=tuple(_run(outcome) for outcome in outcomes),
        problem_digest=digest(problem),
    )


def unit_of(problem: AnyProblem) -> str:
    """The unit of a problem's objective."""
    if isinstance(problem, SplitComputingProblem | SplitFleetProblem):
        return problem.unit
    return UNITS[problem.kind]


def _best_bound(
    outcomes: Sequence[Outcome], combinatorial: int | None
) -> tuple[int | None, str | None]:
    claimed = [(o.lower_bound, o.claim.solver) for o in outcomes if o.lower_bound is not None]
    if combinatorial is not None:
        claimed.append((combinatorial, COMBINATORIAL))
    if not claimed or any(o.proves_infeasible for o in outcomes):
        return None, None
    return max(claimed, key=lambda pair: pair[0] or 0)


def _check(
    outcomes: Sequence[Outcome], objective: int | None, bound: int | None, bound_from: str | None
) -> None:
    if objective is None:
        return
    denied = [o.claim.solver for o in outcomes if o.proves_infeasible]
    if denied:
        raise ContradictionError(f"{denied[0]} proved that no plan exists, but one was verified")
    if bound is not None and bound > objective:
        raise ContradictionError(
            f"{bound_from} claims that no plan costs less than {bound}, "
            f"but one of {objective} was verified"
        )


def _grade(outcomes: Sequence[Outcome], objective: int | None, bound: int | None) -> Grade:
    if objective is None:
        proved = any(o.proves_infeasible for o in outcomes)
        return Grade.INFEASIBLE if proved else Grade.UNKNOWN
    if bound is None:
        return Grade.FEASIBLE
    return Grade.OPTIMAL if bound == objective else Grade.BOUNDED


def proof_of(outcomes: Sequence[Outcome], combinatorial: int | None) -> Proof | None:
    """What the outcomes prove together: the best plan optimal, or that there is none."""
    objective = _least(outcomes)
    if objective is None:
        families = {o.family for o in outcomes if o.proves_infeasible}
    elif objective == combinatorial:
        return Proof.CHECKED
    elif _best_bound(outcomes, combinatorial)[0] == objective:
        families = {o.family for o in outcomes if o.proves_optimal(objective)}
    else:
        return None
    return None if not families else Proof.AGREED if len(families) > 1 else Proof.CLAIMED


def _least(outcomes: Sequence[Outcome]) -> int | None:
    return min((o.objective for o in outcomes if o.objective is not None), default=None)


def _gap(objective: int | None, bound: int | None) -> float | None:
    if objective is None or bound is None:
        return None
    return 0.0 if objective == bound else (objective - bound) / abs(objective)


def _run(outcome: Outcome) -> Run:
    detail = outcome.claim.detail
    if outcome.verification is not None and outcome.refused:
        rules = ", ".join(f"{v.rule} at {v.where}" for v in outcome.verification.violations[:3])
        detail = f"plan refused: {rules}"
    return Run(
        solver=outcome.claim.solver,
        reason=outcome.claim.reason,
        objective=outcome.objective,
        lower_bound=outcome.lower_bound,
        wall_ns=outcome.wall_ns,
        detail=detail,
        stats=dict(outcome.claim.stats),
    )
