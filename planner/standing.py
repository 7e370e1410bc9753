"""What methods achieved, and what stands of it once their claims are held against each other.

A verified plan is a fact; bounds and proofs are words. A method that errs about a plan is believed
in nothing else, and a claim that a verified plan refutes, whoever found that plan, is a
contradiction: the plan stays, the claim falls, and both are named.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.problems import AnyPlan
from models.result import Claim, Proof, Reason, Verification
from planner.bounds import COMBINATORIAL


@dataclass(frozen=True)
class Verified:
    """A plan and the verdict that accepts it."""

    plan: AnyPlan
    verification: Verification
    objective: int


def verified(plan: AnyPlan | None, verification: Verification | None) -> Verified | None:
    """The plan with its verdict, None where there is none or it is refused."""
    if plan is None or verification is None or verification.objective is None:
        return None
    return Verified(plan, verification, verification.objective)


@dataclass(frozen=True)
class Outcome:
    """A claim, the verdict on its plan, and what is known of the method that made it.

    exact, family: from the method's traits; wall_ns: what the run took; kept: the best verified
    plan that the method reported on its way; doubt: why its bounds and proofs are not believed
    whatever it claims, "" for no reason.
    """

    claim: Claim[AnyPlan]
    verification: Verification | None
    exact: bool
    family: str
    wall_ns: int
    kept: Verified | None = None
    doubt: str = ""

    @property
    def witness(self) -> str:
        """The family that its word counts as: of what it ran, else of its method."""
        return self.claim.family or self.family

    @property
    def refused(self) -> bool:
        """Whether its claim brought a plan that breaks a rule."""
        return self.verification is not None and not self.verification.accepted

    @property
    def final(self) -> Verified | None:
        """The plan of its claim, where that is accepted."""
        return verified(self.claim.plan, self.verification)

    @property
    def best(self) -> Verified | None:
        """The best plan that it found, at the end or on its way."""
        found = [plan for plan in (self.final, self.kept) if plan is not None]
        return min(found, key=lambda plan: plan.objective, default=None)

    @property
    def objective(self) -> int | None:
        """The recomputed objective of its best plan."""
        return None if self.best is None else self.best.objective

    @property
    def lower_bound(self) -> int | None:
        """The bound it claims, unless its method errs about plans or can give none."""
        believed = self.exact and not self.refused and not self.doubt
        return self.claim.lower_bound if believed else None

    @property
    def proves_infeasible(self) -> bool:
        """Whether an exact method says that no plan exists."""
        return self.exact and self.claim.reason is Reason.INFEASIBLE

    def proves_optimal(self, objective: int) -> bool:
        """Whether an exact method found a plan of this objective and proved it the best."""
        completed = self.exact and self.claim.reason is Reason.COMPLETED
        return completed and self.objective == objective == self.lower_bound


@dataclass(frozen=True)
class Standing:
    """What outcomes establish together.

    objective: of the best verified plan; lower_bound, bound_from: the best that is believed, never
    above the objective; infeasible: whether it is proved that no plan exists; proof: of the optimum
    or of that; witnesses: the families whose methods say so; faults: for each outcome why its
    bounds and proofs fall, "" where they stand; contradictions: claims that a verified plan
    refutes, in words.
    """

    objective: int | None
    lower_bound: int | None
    bound_from: str | None
    infeasible: bool
    proof: Proof | None
    witnesses: frozenset[str]
    faults: tuple[str, ...]
    contradictions: tuple[str, ...]


def standing(outcomes: Sequence[Outcome], combinatorial: int | None = None) -> Standing:
    """Outcomes held against each other, and against a bound from the problem itself."""
    best = min((o.objective for o in outcomes if o.objective is not None), default=None)
    refuted = [_refuted(o, best) for o in outcomes]
    faults = tuple(_fault(o) or words for o, words in zip(outcomes, refuted, strict=True))
    contradictions = [words for words in refuted if words]
    if best is not None and combinatorial is not None and combinatorial > best:
        contradictions.append(_too_high(COMBINATORIAL, combinatorial, best))
        combinatorial = None
    sound = [o for o, fault in zip(outcomes, faults, strict=True) if not fault]
    infeasible = any(o.proves_infeasible for o in sound)
    bound, bound_from = (None, None) if infeasible else _best_bound(sound, combinatorial)
    witnesses = _witnesses(sound, best)
    return Standing(
        objective=best,
        lower_bound=bound,
        bound_from=bound_from,
        infeasible=infeasible,
        proof=_proof(witnesses, best, bound, combinatorial),
        witnesses=witnesses,
        faults=faults,
        contradictions=tuple(contradictions),
    )


def _fault(outcome: Outcome) -> str:
    """What is wrong with an outcome by itself."""
    claim = outcome.claim
    if outcome.doubt:
        return outcome.doubt
    if outcome.verification is not None and outcome.refused:
        return in_words(outcome.verification)
    proves = claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)
    if not outcome.exact and (proves or claim.lower_bound is not None):
        return f"a bound or a proof ({claim.reason}) from a method that can give none"
    if claim.reason is Reason.COMPLETED and outcome.best is None:
        return "completed without a plan"
    return ""


def in_words(refusal: Verification) -> str:
    """Which rules a refused plan breaks."""
    rules = ", ".join(f"{v.rule} at {v.where}" for v in refusal.violations[:3])
    return f"plan refused: {rules}"


def _refuted(outcome: Outcome, best: int | None) -> str:
    """How the best verified plan gives an outcome the lie."""
    if best is None or not outcome.exact:
        return ""
    claim, final, bound = outcome.claim, outcome.final, outcome.lower_bound
    if claim.reason is Reason.INFEASIBLE:
        return f"{claim.solver} proved that no plan exists, but one of {best} was verified"
    if bound is not None and bound > best:
        return _too_high(claim.solver, bound, best)
    if claim.reason is Reason.COMPLETED and final is not None and final.objective > best:
        return (
            f"{claim.solver} completed its search with a plan of {final.objective}, "
            f"but one of {best} was verified"
        )
    return ""


def _too_high(source: str, bound: int, best: int) -> str:
    return f"{source} claims that no plan costs less than {bound}, but one of {best} was verified"


def _best_bound(
    sound: Sequence[Outcome], combinatorial: int | None
) -> tuple[int | None, str | None]:
    claimed = [(o.lower_bound, o.claim.solver) for o in sound if o.lower_bound is not None]
    if combinatorial is not None:
        claimed.append((combinatorial, COMBINATORIAL))
    return max(claimed, key=lambda pair: pair[0], default=(None, None))


def _witnesses(sound: Sequence[Outcome], best: int | None) -> frozenset[str]:
    if best is None:
        return frozenset(o.witness for o in sound if o.proves_infeasible)
    return frozenset(o.witness for o in sound if o.proves_optimal(best))


def _proof(
    witnesses: Collection[str], best: int | None, bound: int | None, combinatorial: int | None
) -> Proof | None:
    if best is not None and best == combinatorial:
        return Proof.CHECKED
    if len(witnesses) > 1:
        return Proof.AGREED
    # A bound that reaches another method's plan proves it too.
    reached = best is not None and bound == best
    return Proof.CLAIMED if witnesses or reached else None
