"""Grades and proofs from claims; contradictions are named, never averaged away."""

from dataclasses import replace

import pytest

from models.problems import AnyPlan
from models.result import Claim, Grade, Proof, Reason
from planner.certify import certify
from planner.standing import Outcome
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


def test_what_two_methods_run_alike_is_one_witness() -> None:
    """Methods of two families that took one program say what one of them would, its mistake too."""
    taken = [replace(o, claim=replace(o.claim, family="integer-programming")) for o in (_DP, _MILP)]
    assert certify(_PROBLEM, taken).proof is Proof.CLAIMED
    assert certify(_PROBLEM, [_DP, taken[1]]).proof is Proof.AGREED
    none = [
        _outcome(Claim(name, Reason.INFEASIBLE, family="integer-programming"), name)
        for name in ("one", "another")
    ]
    assert certify(_PROBLEM, none).proof is Proof.CLAIMED


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


_LIAR = _outcome(Claim("liar", Reason.COMPLETED, split(2), 600), "lies")
_DENIER = _outcome(Claim("denier", Reason.INFEASIBLE), "lies")
_LAZY = _outcome(Claim("lazy", Reason.COMPLETED, split(2), 400), "lies")


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (_LIAR, "liar claims that no plan costs less than 600, but one of 515 was verified"),
        (_DENIER, "denier proved that no plan exists, but one of 515 was verified"),
        (
            _LAZY,
            "lazy completed its search with a plan of 615, but one of 515 was verified",
        ),
    ],
)
def test_a_claim_that_a_verified_plan_refutes_is_a_contradiction(
    outcome: Outcome, words: str
) -> None:
    """It is named with both, in the certificate and in its run; plan and proof beside it stay."""
    certificate = certify(_PROBLEM, [outcome, _DP])
    assert certificate.contradictions == (words,)
    assert (certificate.runs[0].reason, certificate.runs[0].detail) == (Reason.FAILED, words)
    assert certificate.runs[0].lower_bound is None
    assert (certificate.plan, certificate.plan_from) == (_BEST, "dp")
    assert (certificate.lower_bound, certificate.proof) == (515, Proof.CLAIMED)


def test_a_contradiction_leaves_a_plan_without_proof() -> None:
    """Where only a heuristic's plan refutes a claim, that plan is the answer and nothing more."""
    certificate = certify(_PROBLEM, [_DENIER, _GUESS])
    assert len(certificate.contradictions) == 1
    assert (certificate.plan, certificate.plan_from) == (split(2), "guess")
    assert (certificate.grade, certificate.lower_bound) == (Grade.FEASIBLE, None)


def test_a_wrong_combinatorial_bound_is_a_contradiction() -> None:
    """Edgeplan's own bound is not above suspicion either."""
    certificate = certify(_PROBLEM, [_GUESS], 616)
    assert certificate.contradictions == (
        "combinatorial claims that no plan costs less than 616, but one of 615 was verified",
    )
    assert (certificate.grade, certificate.lower_bound) == (Grade.FEASIBLE, None)


def test_a_heuristic_is_not_believed_about_bounds() -> None:
    """Whatever it claims, its plan counts and its bound does not."""
    certificate = certify(_PROBLEM, [_outcome(Claim("guess", Reason.HEURISTIC, _BEST, 515))])
    assert (certificate.grade, certificate.proof) == (Grade.FEASIBLE, None)
    assert certificate.runs[0].reason is Reason.FAILED


def test_a_completed_search_has_a_plan() -> None:
    """Without one its bound counts for nothing."""
    empty = _outcome(Claim("dp", Reason.COMPLETED, None, 500), "dynamic-programming")
    certificate = certify(_PROBLEM, [empty, _GUESS])
    assert (certificate.lower_bound, certificate.runs[0].detail) == (
        None,
        "completed without a plan",
    )


def test_a_bound_that_reaches_another_methods_plan_proves_it() -> None:
    """A grade of optimal never stands without a proof."""
    bound = _outcome(Claim("milp", Reason.TIME_LIMIT, None, 515), "integer-programming")
    guess = _outcome(Claim("guess", Reason.HEURISTIC, _BEST))
    certificate = certify(_PROBLEM, [bound, guess])
    assert (certificate.grade, certificate.proof) == (Grade.OPTIMAL, Proof.CLAIMED)
    assert certificate.bound_from == "milp"


def test_a_zero_objective_has_gap_zero() -> None:
    """The gap of an optimum is 0 whatever its objective; of 0 there is no other gap."""
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
    short: Claim[AnyPlan] = Claim("dp", Reason.TIME_LIMIT, alone, -1)
    outcome = Outcome(short, checked, exact=True, family="dynamic-programming", wall_ns=1)
    assert certify(free, [outcome]).gap is None
