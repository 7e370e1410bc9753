"""From claims to a certificate: the only place that grades an answer.

Objectives come from verification alone; what stands of the claims is planner.standing's to say.
"""

from collections.abc import Sequence

from models.documents import digest
from models.problems import AnyProblem
from models.problems.expert_balance import ExpertBalanceProblem
from models.problems.split_computing import SplitComputingProblem
from models.problems.split_fleet import SplitFleetProblem
from models.result import Breakdown, Certificate, Grade, Reason, Run
from planner.standing import Outcome, Standing, standing
from solvers.registry import entries

# Of the kind's first objective; unit_of() knows the problem's own.
UNITS = {
    "dag_partition": "ns",
    "pipeline_partition": "ns",
    "sequence_pipeline": "ns",
    "expert_selection": "ppm",
    "expert_balance": "ns",
    "split_computing": "ns",
    "offload_placement": "ns",
    "split_fleet": "weighted ppm",
    "tensor_partition": "ns",
    "pipeline_training": "ns",
    "serving_flow": "µtokens/s",
}


def certify(
    problem: AnyProblem, outcomes: Sequence[Outcome], combinatorial: int | None = None
) -> Certificate:
    """What edgeplan vouches for; the best verified plan is in it, whatever else is claimed."""
    found = standing(outcomes, combinatorial)
    source = _source(problem, outcomes)
    best = None if source is None else source.best
    return Certificate(
        grade=_grade(found),
        unit=unit_of(problem),
        plan=None if best is None else best.plan,
        objective=found.objective,
        lower_bound=found.lower_bound,
        gap=_gap(found.objective, found.lower_bound),
        plan_from=None if source is None else source.claim.solver,
        bound_from=found.bound_from,
        proof=found.proof,
        breakdown=Breakdown() if best is None else best.verification.breakdown,
        contradictions=found.contradictions,
        runs=tuple(_run(o, fault) for o, fault in zip(outcomes, found.faults, strict=True)),
        problem_digest=digest(problem),
    )


def unit_of(problem: AnyProblem) -> str:
    """The unit of a problem's objective."""
    if isinstance(problem, SplitComputingProblem | SplitFleetProblem | ExpertBalanceProblem):
        return problem.unit
    return UNITS[problem.kind]


def _source(problem: AnyProblem, outcomes: Sequence[Outcome]) -> Outcome | None:
    """Whose plan is the best; ties go by the registry's preference, not to whoever was faster."""
    rank = {method.name: number for number, method in enumerate(entries(problem.kind))}
    return min(
        (o for o in outcomes if o.objective is not None),
        key=lambda o: (o.objective or 0, rank.get(o.claim.solver, len(rank))),
        default=None,
    )


def _grade(found: Standing) -> Grade:
    if found.objective is None:
        return Grade.INFEASIBLE if found.infeasible else Grade.UNKNOWN
    if found.lower_bound is None:
        return Grade.FEASIBLE
    return Grade.OPTIMAL if found.lower_bound == found.objective else Grade.BOUNDED


def _gap(objective: int | None, bound: int | None) -> float | None:
    if objective is None or bound is None:
        return None
    if objective == bound:
        return 0.0
    return (objective - bound) / abs(objective) if objective else None


def _run(outcome: Outcome, fault: str) -> Run:
    claim = outcome.claim
    words = (claim.detail, fault if fault != claim.detail else "")
    return Run(
        solver=claim.solver,
        reason=Reason.FAILED if fault else claim.reason,
        objective=outcome.objective,
        lower_bound=None if fault else claim.lower_bound,
        wall_ns=outcome.wall_ns,
        detail="; ".join(filter(None, words)),
        stats=dict(claim.stats),
    )
