"""Lanes of methods racing in child processes, under one clock.

Three rings hold the time limit: the methods know it; at the limit their child is asked to stop;
a second later (half a second after a cancel, for which somebody waits) it is killed. Every plan is
verified here as it arrives, so that the best verified one survives whatever happens to the child
that found it. A bound from the problem itself is computed in a lane of its own.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Limits, Proof, Reason
from planner import bounds, pool
from planner.child import Job
from planner.lane import Lane
from planner.messages import Finished, FoundBound, FoundPlan, Message, Started
from planner.process import Death, await_news
from planner.record import Record
from planner.standing import Outcome, Standing
from planner.strategy import Lanes, confirmation_ns
from planner.worker import CANCEL_GRACE_NS, GRACE_NS
from solvers.registry import Entry

# So long an agreement waits for the bound from the problem, which proves more: that the answer
# should not depend on who was a millisecond faster.
_BOUND_FIRST_NS = 10**9
_NOT_NEEDED = "not needed any more"
_KILLED = "killed: it did not stop when asked to"


class What(StrEnum):
    """What an event tells."""

    STARTED = "started"
    PLAN = "plan"
    BOUND = "bound"
    FINISHED = "finished"


@dataclass(frozen=True)
class Event:
    """Progress of a race: who, what, the best objective and the best bound that stands so far.

    plan, plan_from: the plan of that objective and whose it is, where it is better than any before.
    """

    at_ns: int
    solver: str
    what: What
    objective: int | None
    lower_bound: int | None
    plan: AnyPlan | None = None
    plan_from: str | None = None


Listener = Callable[[Event], None]


class Race:
    """One race, whose clock starts when it is made; `run` it once.

    record: what every method achieved, and the bound from the problem itself.
    """

    def __init__(
        self,
        problem: AnyProblem,
        limits: Limits,
        listen: Listener | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self.record = Record(problem)
        self._problem = problem
        self._limits = limits
        self._listen = listen
        self._cancel = cancel
        self._begun = time.monotonic_ns()
        self._deadline = self._begun + limits.time_limit_ns
        self._proved_at: int | None = None
        self._told: int | None = None
        self._stopped_for: Reason | None = None
        self._kill_at = self._deadline + GRACE_NS
        self._lanes: list[Lane] = []

    def run(self, lanes: Lanes, hint: AnyPlan | None = None) -> list[Outcome]:
        """One outcome for the hint and one for every method; every child has been killed."""
        usable = hint if hint is not None and self.record.start_from(hint) else None
        try:
            for methods in ((bounds.ENTRY,), *lanes):
                self._start(methods, usable)
            while self._lanes:
                await_news([lane.child for lane in self._lanes])
                for lane in list(self._lanes):
                    self._attend(lane)
                self._watch_clock()
        finally:
            for lane in self._lanes:
                pool.dismiss(lane.child)
        return self.record.outcomes

    def _start(self, methods: tuple[Entry, ...], hint: AnyPlan | None) -> None:
        if self._cancelled:
            for method in methods:
                claim: Claim[AnyPlan] = Claim(method.name, Reason.CANCELLED, detail="not started")
                self._conclude(method, claim, wall_ns=0)
            return
        job = Job(self._problem, methods, self._limits, self._deadline, hint)
        try:
            self._lanes.append(Lane(job))
        except (OSError, EOFError) as error:
            late = isinstance(error, TimeoutError)
            reason = Reason.TIME_LIMIT if late else Reason.FAILED
            detail = f"its process could not be started: {type(error).__name__}: {error}"
            for method in methods:
                self._conclude(method, Claim(method.name, reason, detail=detail))

    @property
    def _cancelled(self) -> bool:
        return self._cancel is not None and self._cancel.is_set()

    def _watch_clock(self) -> None:
        """Ask the children to stop, or kill them, where it is time to."""
        now = time.monotonic_ns()
        standing = self.record.standing()
        proof = standing.proof
        if self._proved_at is None and proof is not None:
            self._proved_at = now
        settled = self._settled(standing, now)
        if self._stopped_for is None:
            self._stopped_for = self._reason_to_stop(now, settled=settled)
            if self._stopped_for is Reason.CANCELLED:
                # Once the optimum is proved, last words are not worth waiting for.
                self._kill_at = now + (CANCEL_GRACE_NS if proof is None else 0)
            if self._stopped_for is not None:
                for lane in self._lanes:
                    lane.child.cancel()
        if settled or now >= self._kill_at:
            for lane in list(self._lanes):
                self._end(lane, needed=not settled)

    def _end(self, lane: Lane, *, needed: bool) -> None:
        """Kill a child, and wait for its funeral only where its end could tell something."""
        lane.kill()
        if not needed and lane.killed and not lane.garbled:
            self._leave(lane)
            self._conclude_rest(lane, self._stopped_for or Reason.CANCELLED, _NOT_NEEDED)

    def _reason_to_stop(self, now: int, *, settled: bool) -> Reason | None:
        if settled or self._cancelled:
            return Reason.CANCELLED
        if now >= self._deadline:
            return Reason.TIME_LIMIT
        if self._proved_at is None:
            return None
        limit, took = self._limits.time_limit_ns, self._proved_at - self._begun
        allowed = confirmation_ns(self._problem.kind, limit, took)
        return Reason.CANCELLED if now >= self._proved_at + allowed else None

    def _settled(self, standing: Standing, now: int) -> bool:
        """Whether nothing that still runs could add to the answer."""
        proof, said = standing.proof, standing.witnesses
        left = [method for lane in self._lanes for method in lane.unclaimed]
        if proof is Proof.AGREED:
            return bounds.ENTRY not in left or now >= self._begun + _BOUND_FIRST_NS
        may_add = bounds.ENTRY in left or any(
            method.traits.exact and method.traits.family not in said for method in left
        )
        return proof is Proof.CHECKED or (proof is Proof.CLAIMED and not may_add)

    def _attend(self, lane: Lane) -> None:
        """Hear what a child says, and see to it when it has nothing more to say."""
        ended = lane.child.ended  # asked before: what it said until then can be heard now
        for message in lane.hear():
            on_the_way = isinstance(message, FoundPlan | FoundBound)
            if on_the_way and time.monotonic_ns() >= self._kill_at:
                continue  # too much to be verified in time; its claim is heard all the same
            self._take(lane.methods[message.solver], message)
        if not lane.unclaimed:
            self._leave(lane)
        elif ended:
            self._lanes.remove(lane)
            self._conclude_rest(lane, *self._fate(lane, lane.child.bury()))

    def _take(self, method: Entry, message: Message) -> None:
        if isinstance(message, Finished):
            self._conclude(method, message.claim, message.wall_ns)
        elif method is bounds.ENTRY:
            return  # only its claim is of interest
        elif isinstance(message, Started):
            self.record.begin(method)
            self._tell(method, What.STARTED)
        elif isinstance(message, FoundPlan):
            if self.record.plan(method.name, message.plan):
                self._tell(method, What.PLAN)
        elif self.record.bound(method.name, message.lower_bound):
            self._tell(method, What.BOUND)

    def _leave(self, lane: Lane) -> None:
        """Kill a child whose end tells nothing; it is reaped in the background."""
        self._lanes.remove(lane)
        pool.dismiss(lane.child)

    def _conclude_rest(self, lane: Lane, reason: Reason, detail: str) -> None:
        """A claim for every method that a child left without one."""
        for method in lane.unclaimed:
            if method is lane.running:
                claim: Claim[AnyPlan] = Claim(method.name, reason, detail=detail)
                self._conclude(method, claim, doubt=lane.garbled)
            else:
                claim = Claim(method.name, reason, detail=f"not started: {detail}")
                self._conclude(method, claim, wall_ns=0)

    def _fate(self, lane: Lane, death: Death) -> tuple[Reason, str]:
        """Why a child ended before all of its methods had."""
        if lane.garbled:
            return Reason.FAILED, lane.garbled
        if death.reason is Reason.MEMORY_LIMIT:
            return death.reason, death.detail
        now = time.monotonic_ns()
        stopped = self._stopped_for or (Reason.TIME_LIMIT if now >= self._deadline else None)
        if stopped is not None and lane.killed:
            proved = self.record.standing().proof is not None
            return stopped, _NOT_NEEDED if proved else _KILLED
        if stopped is not None and death.orderly and lane.running is None:
            return stopped, "its turn did not come"
        return death.reason, death.detail

    def _conclude(
        self,
        method: Entry,
        claim: Claim[AnyPlan],
        wall_ns: int | None = None,
        doubt: str = "",
    ) -> None:
        if claim.reason is Reason.CANCELLED and self._stopped_for is not None:
            claim = replace(claim, reason=self._stopped_for)
        late = time.monotonic_ns() - self._deadline
        if late > 0:
            claim = replace(claim, stats={**claim.stats, "overshoot_ns": late})
        if method is not bounds.ENTRY:
            self.record.conclude(method, claim, wall_ns, doubt)
            self._tell(method, What.FINISHED)
        elif claim.lower_bound is not None:
            self.record.combinatorial = claim.lower_bound
            self._tell(method, What.BOUND)
        elif claim.reason not in (Reason.HEURISTIC, Reason.CANCELLED):
            self.record.conclude(method, claim, wall_ns, doubt)

    def _tell(self, method: Entry, what: What) -> None:
        if self._listen is None:
            return
        found = self.record.standing()
        # Whose plan it is need not be who tells: a hint and a claim bring plans as well.
        better = found.objective is not None and found.objective != self._told
        source = self.record.best() if better else None
        self._told = found.objective
        self._listen(
            Event(
                at_ns=time.monotonic_ns() - self._begun,
                solver=method.name,
                what=what,
                objective=found.objective,
                lower_bound=found.lower_bound,
                plan=None if source is None else source[1],
                plan_from=None if source is None else source[0],
            )
        )
