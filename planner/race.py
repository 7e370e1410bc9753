"""Lanes of methods racing in child processes, under one clock.

Three rings hold the time limit: the methods know it; at the limit their child is asked to stop;
a second later it is killed. Every plan is verified here as it arrives, so that the last verified
one survives whatever happens to the child that found it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from multiprocessing.connection import wait

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Limits, Proof, Reason, Verification
from planner.certify import Outcome, proof_of
from planner.child import Finished, FoundBound, FoundPlan, Job, Message, Started
from planner.strategy import Lanes, confirmation_ns
from planner.verify import verify
from planner.worker import Child
from solvers.registry import Entry

_GRACE_NS = 10**9
_TICK_S = 0.05


class What(StrEnum):
    """What an event tells."""

    STARTED = "started"
    PLAN = "plan"
    BOUND = "bound"
    FINISHED = "finished"


@dataclass(frozen=True)
class Event:
    """Progress of a race: who, what, the best objective and the best bound so far."""

    at_ns: int
    solver: str
    what: What
    objective: int | None
    lower_bound: int | None
    plan: AnyPlan | None = None


Listener = Callable[[Event], None]


@dataclass(frozen=True)
class _Found:
    """The last verified plan of a method, and its last bound."""

    plan: AnyPlan | None = None
    verification: Verification | None = None
    lower_bound: int | None = None


class Race:
    """One race; `run` it once. `outcomes` holds what every method achieved, in order of ending."""

    def __init__(
        self,
        problem: AnyProblem,
        limits: Limits,
        listen: Listener | None = None,
        cancel: threading.Event | None = None,
        combinatorial: int | None = None,
    ) -> None:
        self._problem = problem
        self._limits = limits
        self._listen = listen
        self._cancel = cancel
        self._combinatorial = combinatorial
        self._begun = time.monotonic_ns()
        self._deadline = self._begun + limits.time_limit_ns
        self._confirm_by = self._deadline
        self._kill_at: int | None = None
        self._stopped_for: Reason | None = None
        self._methods: dict[str, Entry] = {}
        self._found: dict[str, _Found] = {}
        self._since: dict[str, int] = {}
        self.outcomes: list[Outcome] = []

    def run(self, lanes: Lanes, hint: AnyPlan | None) -> list[Outcome]:
        """All outcomes after the race; every child has been reaped."""
        self._methods = {method.name: method for lane in lanes for method in lane}
        children = [Child(Job(self._problem, lane, self._limits, hint)) for lane in lanes]
        try:
            while children:
                self._watch_clock(children)
                ready = wait([child.pipe for child in children], timeout=_TICK_S)
                for child in [child for child in children if child.pipe in ready]:
                    message = child.read()
                    if message is None:
                        children.remove(child)
                        self._bury(child)
                    else:
                        self._take(message)
        finally:
            for child in children:
                child.kill()
                child.bury()
        return self.outcomes

    def _watch_clock(self, children: list[Child]) -> None:
        now = time.monotonic_ns()
        if self._kill_at is None:
            reason = self._reason_to_stop(now)
            if reason is not None:
                self._stopped_for = reason
                self._kill_at = now if self._settled() else now + _GRACE_NS
                for child in children:
                    child.cancel()
        elif now >= self._kill_at:
            for child in children:
                child.kill()

    def _reason_to_stop(self, now: int) -> Reason | None:
        if self._cancel is not None and self._cancel.is_set():
            return Reason.CANCELLED
        if now >= self._deadline:
            return Reason.TIME_LIMIT
        if self._settled():
            return Reason.CANCELLED
        proved = proof_of(self.outcomes, self._combinatorial) is not None
        return Reason.CANCELLED if proved and now >= self._confirm_by else None

    def _settled(self) -> bool:
        """Whether nothing that still runs could add to the answer."""
        proof = proof_of(self.outcomes, self._combinatorial)
        return proof in (Proof.AGREED, Proof.CHECKED)

    def _take(self, message: Message) -> None:
        if isinstance(message, Started):
            self._since[message.solver] = time.monotonic_ns()
            self._tell(message.solver, What.STARTED)
        elif isinstance(message, FoundPlan):
            verification = verify(self._problem, message.plan)
            known = self._found.get(message.solver, _Found())
            if _better(verification.objective, known.verification):
                self._found[message.solver] = replace(
                    known, plan=message.plan, verification=verification
                )
                self._tell(message.solver, What.PLAN, message.plan)
        elif isinstance(message, FoundBound):
            known = self._found.get(message.solver, _Found())
            self._found[message.solver] = replace(known, lower_bound=message.lower_bound)
            self._tell(message.solver, What.BOUND)
        elif isinstance(message, Finished):
            self._conclude(message.claim, message.wall_ns)

    def _bury(self, child: Child) -> None:
        claim = child.bury()
        if claim is None:
            return
        if self._stopped_for is not None:
            settled = self._settled()
            detail = "not needed any more" if settled else "killed: it did not stop when asked to"
            claim = replace(claim, reason=self._stopped_for, detail=detail)
        self._conclude(claim, time.monotonic_ns() - self._since[claim.solver])

    def _conclude(self, claim: Claim[AnyPlan], wall_ns: int) -> None:
        """Record a claim; what it leaves out is filled in from what the method reported."""
        if claim.reason is Reason.CANCELLED and self._stopped_for is not None:
            claim = replace(claim, reason=self._stopped_for)
        found = self._found.get(claim.solver, _Found())
        if claim.lower_bound is None and claim.reason is not Reason.INFEASIBLE:
            claim = replace(claim, lower_bound=found.lower_bound)
        if claim.plan is None:
            claim = replace(claim, plan=found.plan)
        traits = self._methods[claim.solver].traits
        verification = None if claim.plan is None else verify(self._problem, claim.plan)
        if verification is not None:
            self._found[claim.solver] = _Found(claim.plan, verification, claim.lower_bound)
        proved_before = proof_of(self.outcomes, self._combinatorial) is not None
        self.outcomes.append(
            Outcome(
                claim=claim,
                verification=verification,
                exact=traits.exact,
                family=traits.family,
                wall_ns=wall_ns,
            )
        )
        if not proved_before and proof_of(self.outcomes, self._combinatorial) is not None:
            now = time.monotonic_ns()
            allowed = confirmation_ns(self._limits.time_limit_ns, now - self._begun)
            self._confirm_by = now + allowed
        self._tell(claim.solver, What.FINISHED)

    def _tell(self, solver: str, what: What, plan: AnyPlan | None = None) -> None:
        if self._listen is None:
            return
        found = self._found.values()
        objectives = [f.verification.objective for f in found if f.verification is not None]
        bounds = [self._combinatorial, *(f.lower_bound for f in found)]
        self._listen(
            Event(
                at_ns=time.monotonic_ns() - self._begun,
                solver=solver,
                what=what,
                objective=min((o for o in objectives if o is not None), default=None),
                lower_bound=max((b for b in bounds if b is not None), default=None),
                plan=plan,
            )
        )


def _better(objective: int | None, known: Verification | None) -> bool:
    if objective is None:
        return False
    return known is None or known.objective is None or objective < known.objective
