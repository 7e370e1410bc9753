"""A certificate as a measured run: what the default strategy, or a service, answers.

Processes and their processor time are then its own, so that only wall times are known here.
"""

import threading
import time
from collections.abc import Callable

from models.problems import AnyPlan
from models.result import Certificate, Claim, Limits, Reason
from planner.benchmark.cases import problem_of
from planner.benchmark.measure import Measured
from planner.benchmark.record import Step
from planner.benchmark.suites import STRATEGY, Task
from planner.race import Event, Listener
from planner.standing import Outcome
from planner.verify import verify

# Plans a task's problem, by its method alone unless that is the strategy.
Ask = Callable[[Task, Limits, Listener, threading.Event], Certificate]


def planned(task: Task, limits: Limits, cancel: threading.Event, ask: Ask) -> Measured:
    """The run behind a certificate, its plan verified here. Raises what `ask` raises."""
    steps: list[Step] = []

    def listen(event: Event) -> None:
        if (event.objective, event.lower_bound) != (None, None):
            steps.append((event.at_ns, event.objective, event.lower_bound))

    begun = time.monotonic_ns()
    certificate = ask(task, limits, listen, cancel)
    wall_ns = time.monotonic_ns() - begun
    claim, took = _claim(task, certificate), wall_ns
    if task.method is STRATEGY:
        # Its time ends when the proof stood, not with second opinions.
        took = next((at for at, plan, bound in steps if plan is not None and plan == bound), took)
    else:
        took = next((r.wall_ns for r in certificate.runs if r.solver == task.method.name), took)
    verdict = None if claim.plan is None else verify(problem_of(task.case), claim.plan)
    steps.append((took, certificate.objective, claim.lower_bound))
    traits = task.method.traits
    outcome = Outcome(claim, verdict, traits.exact, traits.family, took)
    return Measured(outcome, None, tuple(sorted(steps, key=lambda step: step[0])))


def _claim(task: Task, certificate: Certificate) -> Claim[AnyPlan]:
    """What the method asked for claimed, or all of them together."""
    name = task.method.name
    if task.method is not STRATEGY:
        run = next((run for run in certificate.runs if run.solver == name), None)
        if run is None:
            return Claim(name, Reason.FAILED, detail="the certificate has no run of it")
        plan = certificate.plan if certificate.plan_from == name else None
        return Claim(name, run.reason, plan, run.lower_bound, run.detail)
    reason = Reason.TIME_LIMIT
    if certificate.proof is not None:
        reason = Reason.INFEASIBLE if certificate.objective is None else Reason.COMPLETED
    who = f"plan from {certificate.plan_from}, bound from {certificate.bound_from}"
    return Claim(name, reason, certificate.plan, certificate.lower_bound, who)
