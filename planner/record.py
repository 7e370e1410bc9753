"""What the methods of a race report and claim, every plan verified as it arrives."""

import time
from dataclasses import dataclass, replace

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Reason
from planner.standing import Outcome, Standing, Verified, in_words, standing, verified
from planner.verify import verify
from solvers.registry import Entry

HINT = "hint"


@dataclass(frozen=True)
class _Reported:
    """What a method that runs has reported: its best verified plan, its best bound.

    doubt: why its bounds are not believed.
    """

    method: Entry
    since_ns: int
    kept: Verified | None = None
    lower_bound: int | None = None
    doubt: str = ""


class Record:
    """What is known of one problem.

    outcomes: of the methods that have ended, in that order, after that of the hint;
    combinatorial: the bound from the problem itself, once there is one.
    """

    def __init__(self, problem: AnyProblem) -> None:
        self.outcomes: list[Outcome] = []
        self.combinatorial: int | None = None
        self._problem = problem
        self._reported: dict[str, _Reported] = {}

    def start_from(self, hint: AnyPlan) -> bool:
        """Take a hint as a claim of its own, never answered worse than; whether it is accepted."""
        begun = time.monotonic_ns()
        verification = verify(self._problem, hint)
        detail = "accepted as a start" if verification.accepted else ""
        claim: Claim[AnyPlan] = Claim(HINT, Reason.HEURISTIC, hint, detail=detail)
        wall_ns = time.monotonic_ns() - begun
        outcome = Outcome(claim, verification, exact=False, family=HINT, wall_ns=wall_ns)
        self.outcomes.append(outcome)
        return verification.accepted

    def begin(self, method: Entry) -> None:
        """A method runs from now on."""
        self._reported[method.name] = _Reported(method, time.monotonic_ns())

    def plan(self, solver: str, plan: AnyPlan) -> bool:
        """Verify a plan on the way; whether it is the method's best. A refused one casts doubt."""
        known = self._reported[solver]
        verification = verify(self._problem, plan)
        found = verified(plan, verification)
        if found is None:
            doubt = f"{in_words(verification)} (on its way)"
            self._reported[solver] = replace(known, doubt=known.doubt or doubt)
            return False
        if known.kept is not None and known.kept.objective <= found.objective:
            return False
        self._reported[solver] = replace(known, kept=found)
        return True

    def bound(self, solver: str, lower_bound: int) -> bool:
        """Note a bound on the way; whether it is the method's best."""
        known = self._reported[solver]
        if known.lower_bound is not None and known.lower_bound >= lower_bound:
            return False
        self._reported[solver] = replace(known, lower_bound=lower_bound)
        return True

    def conclude(
        self, method: Entry, claim: Claim[AnyPlan], wall_ns: int | None = None, doubt: str = ""
    ) -> None:
        """Record a claim, with what its method reported before; wall_ns is measured if None.

        doubt: why nothing but the method's verified plans is believed.
        """
        now = time.monotonic_ns()
        known = self._reported.pop(method.name, _Reported(method, now))
        verification = None if claim.plan is None else verify(self._problem, claim.plan)
        if claim.reason is not Reason.INFEASIBLE:
            claim = replace(claim, lower_bound=_larger(claim.lower_bound, known.lower_bound))
        self.outcomes.append(
            Outcome(
                claim=claim,
                verification=verification,
                exact=method.traits.exact,
                family=method.traits.family,
                wall_ns=now - known.since_ns if wall_ns is None else wall_ns,
                kept=known.kept,
                doubt=doubt or known.doubt,
            )
        )

    def standing(self) -> Standing:
        """What stands now, of the methods that have ended and of those that run."""
        return standing(self._now(), self.combinatorial)

    def best(self) -> tuple[str, AnyPlan] | None:
        """Whose plan is the best now, and that plan; of equal ones the first."""
        found = [(o.claim.solver, o.best) for o in self._now() if o.best is not None]
        if not found:
            return None
        solver, best = min(found, key=lambda item: item[1].objective)
        return solver, best.plan

    def _now(self) -> list[Outcome]:
        return [*self.outcomes, *map(_so_far, self._reported.values())]


def _so_far(known: _Reported) -> Outcome:
    """The outcome of a method if it ended now."""
    claim: Claim[AnyPlan] = Claim(
        known.method.name, Reason.CANCELLED, lower_bound=known.lower_bound
    )
    traits = known.method.traits
    return Outcome(
        claim,
        None,
        exact=traits.exact,
        family=traits.family,
        wall_ns=0,
        kept=known.kept,
        doubt=known.doubt,
    )


def _larger(a: int | None, b: int | None) -> int | None:
    return max((bound for bound in (a, b) if bound is not None), default=None)
