"""Grades and proofs from claims; contradictions are raised, never averaged away."""

import pytest

from models.problems import AnyPlan
from models.result import Claim, Grade, Proof, Reason
from planner.certify import ContradictionError, Outcome, certify
from planner.verify import verify
from tests.small import split, two_devices

_PROBLEM = two_devices()
_BEST = split(3)


def _outcome(claim: Claim[AnyPlan], family: str | None = None) -> Outcome:
    checked = None if claim.plan is None else verify(_PROBLEM, claim.plan)
    exact = family is not None
    return Outcome(claim, checked, exact=exact, family=family or "heuristic", wall_ns=1)


_DP = _outcome(Claim("dp", Reason.COMPLETED, _BEST, 515), "dynamic-programming")
_MILP = _outcome(Claim("milp", Reason.COMPLETED, _BEST, 515), "integer-programming")
_SHORT = _outcome(Claim("milp", Reason.COMPLETED, _BEST, 514), "integer-programming")
_GUESS = _outcome(Claim("guess", Reason.HEURISTIC, split(2)))


def test_one_exact_method_is_a_claim_and_two_agree() -> None:
    """The proof grows from claimed to agreed with a second, unrelated method."""
    alone = certify(_PROBLEM, [_GUESS, _DP])
    assert (alone.grade, alone.proof, alone.plan_from) == (Grade.OPTIMAL, Proof.CLAIMED, "dp")
    both = certify(_PROBLEM, [_DP, _MILP])
    assert both.proof is Proof.AGREED
    twin = _outcome(Claim("dp-2", Reason.COMPLETED, _BEST, 515), "dynamic-programming")
    assert certify(_PROBLEM, [_DP, twin]).proof is Proof.CLAIMED
    assert certify(_PROBLEM, [_DP, _SHORT]).proof is Proof.CLAIMED


def test_a_bound_below_the_objective_is_no_optimum() -> None:
    """A completed method whose own bound does not reach its plan grades as bounded."""
    certificate = certify(_PROBLEM, [_SHORT])
    assert certificate.grade is Grade.BOUNDED
    assert certificate.proof is None
    assert certificate.gap == pytest.approx(1 / 515)


def test_a_combinatorial_bound_checks() -> None:
    """A bound computed here that equals the objective needs no solver's word."""
    certificate = certify(_PROBLEM, [_outcome(Claim("guess", Reason.HEURISTIC, _BEST))], 515)
    assert (certificate.grade, certificate.proof) == (Grade.OPTIMAL, Proof.CHECKED)
    assert certificate.bound_from == "combinatorial"


def test_nothing_established_is_none() -> None:
    """Without a plan and without proof there is no number at all."""
    silent = _outcome(Claim("milp", Reason.TIME_LIMIT), "integer-programming")
    certificate = certify(_PROBLEM, [silent])
    assert certificate.grade is Grade.UNKNOWN
    assert (certificate.objective, certificate.lower_bound, certificate.gap) == (None, None, None)
    plan_only = certify(_PROBLEM, [_GUESS])
    assert (plan_only.grade, plan_only.lower_bound) == (Grade.FEASIBLE, None)


def test_infeasible_needs_an_exact_method() -> None:
    """A heuristic that finds nothing proves nothing."""
    proved = _outcome(Claim("dp", Reason.INFEASIBLE), "dynamic-programming")
    assert certify(_PROBLEM, [proved]).grade is Grade.INFEASIBLE
    assert certify(_PROBLEM, [proved]).proof is Proof.CLAIMED
    helpless = _outcome(Claim("guess", Reason.INFEASIBLE))
    assert certify(_PROBLEM, [helpless]).grade is Grade.UNKNOWN


def test_a_refused_plan_takes_its_bound_along() -> None:
    """A method whose plan breaks a rule is believed in nothing, and the run says why."""
    wrong = _outcome(Claim("dp", Reason.COMPLETED, split(4), 415), "dynamic-programming")
    certificate = certify(_PROBLEM, [wrong, _GUESS])
    assert certificate.grade is Grade.FEASIBLE
    assert certificate.lower_bound is None
    assert "empty-stage" in certificate.runs[0].detail


def test_a_bound_above_a_verified_plan_is_a_contradiction() -> None:
    """Both cannot hold, so no answer is given."""
    liar = _outcome(Claim("liar", Reason.COMPLETED, split(2), 600), "lies")
    with pytest.raises(ContradictionError, match="liar claims that no plan costs less than 600"):
        certify(_PROBLEM, [liar, _DP])


def test_infeasible_beside_a_verified_plan_is_a_contradiction() -> None:
    """A proof of infeasibility falls with any plan that verifies."""
    denier = _outcome(Claim("denier", Reason.INFEASIBLE), "lies")
    with pytest.raises(ContradictionError, match="denier proved that no plan exists"):
        certify(_PROBLEM, [denier, _GUESS])


def test_a_zero_objective_has_gap_zero() -> None:
    """The gap of an optimum is 0 whatever its objective, without a division by zero."""
    free = two_devices(
        objective="latency",
        profile={"measurements": [{"time_ns": {name: {"layer": 0} for name in ("quick", "slow")}}]},
        memory_bytes=400,
    )
    alone = split(4).model_copy(update={"stages": split(4).stages[:1]})
    claim: Claim[AnyPlan] = Claim("dp", Reason.COMPLETED, alone, 0)
    checked = verify(free, alone)
    outcome = Outcome(claim, checked, exact=True, family="dynamic-programming", wall_ns=1)
    certificate = certify(free, [outcome])
    assert (certificate.objective, certificate.gap) == (0, 0.0)
