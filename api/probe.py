"""Whether the methods still answer the examples rightly, each in a child of its own."""

import threading
import time
from dataclasses import dataclass

from api.examples import EXAMPLES
from models.result import Certificate, Grade, Limits, Reason
from models.units import format_quantity
from planner import service
from solvers.registry import Entry, entries

# Of one method's example, and of all kinds' together.
LIMITS = Limits(time_limit_ns=20 * 10**9)


@dataclass(frozen=True)
class Verdict:
    """What a method made of its kind's example."""

    right: bool
    words: str


def probe(
    kind: str, method: Entry, cancel: threading.Event | None = None, limits: Limits = LIMITS
) -> Verdict:
    """Solve a kind's example by one method, and compare.

    An exact method has to prove the one plan optimal; another one may find none, but none that is
    better.
    """
    example = EXAMPLES[kind]
    problem, plan = example.nouns()
    found = service.plan(problem, limits, solver=method.name, cancel=cancel)
    run = next(run for run in found.runs if run.solver == method.name)
    if run.reason is Reason.FAILED:
        return Verdict(right=False, words=run.detail)
    if method.traits.exact:
        proved = found.grade is Grade.OPTIMAL and found.objective == example.objective
        return Verdict(proved and found.plan == plan, f"{run.reason}: {_in_words(found)}")
    right = found.objective is None or found.objective >= example.objective
    return Verdict(right, f"{run.reason}: {_in_words(found)}")


def first_fault(cancel: threading.Event | None = None) -> str | None:
    """What is wrong with the preferred method of any kind, or None."""
    deadline = time.monotonic_ns() + LIMITS.time_limit_ns
    for kind in EXAMPLES:
        method = entries(kind)[0]
        left = max(0, deadline - time.monotonic_ns())
        limits = LIMITS.model_copy(update={"time_limit_ns": left})
        verdict = probe(kind, method, cancel, limits)
        if not verdict.right:
            return f"{method.name} on {kind}: {verdict.words}"
    return None


def _in_words(found: Certificate) -> str:
    if found.objective is None:
        return "no plan found"
    return f"{format_quantity(found.objective, found.unit)}, {found.grade}"
