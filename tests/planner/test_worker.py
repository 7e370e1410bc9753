"""Children that misbehave: whatever they do, the race ends in time and keeps what was verified."""

import threading
import time

import pytest

from models.problems.pipeline_partition import PipelinePartitionProblem
from models.result import Limits, Reason
from planner import strategy
from planner.certify import Outcome
from planner.race import Event, Race, What
from planner.worker import ChildLostError, call
from tests import misbehaving
from tests.small import split, two_devices

_SECOND = 10**9
# Long enough for a child to start and report on a loaded machine.
_LIMITS = Limits(time_limit_ns=4 * _SECOND, memory_limit_bytes=2**28)


def _race(name: str, limits: Limits = _LIMITS) -> Outcome:
    problem: PipelinePartitionProblem = two_devices()
    (outcome,) = Race(problem, limits).run(((misbehaving.entry(name),),), None)
    return outcome


@pytest.mark.parametrize("name", ["Stubborn", "Busy"])
def test_a_method_that_ignores_its_time_limit_is_killed(name: str) -> None:
    """Within 2 s of the limit (plus slack for a loaded machine) it is gone; its plan is kept."""
    begun = time.monotonic_ns()
    outcome = _race(name)
    assert outcome.claim.reason is Reason.TIME_LIMIT
    assert outcome.claim.plan == split(2)
    assert outcome.objective == 615
    assert time.monotonic_ns() - begun < 30 * _SECOND


def test_a_killed_method_leaves_its_plan() -> None:
    """SIGKILL gives a clear reason, and the last verified plan survives."""
    outcome = _race("Killed")
    assert outcome.claim.reason is Reason.FAILED
    assert "SIGKILL" in outcome.claim.detail
    assert outcome.objective == 615


@pytest.mark.parametrize("name", ["Greedy", "Aborts"])
def test_memory_over_the_limit_is_named(name: str) -> None:
    """A Python MemoryError and a native abort both end as memory-limit."""
    outcome = _race(name, Limits(time_limit_ns=30 * _SECOND, memory_limit_bytes=2**28))
    assert outcome.claim.reason is Reason.MEMORY_LIMIT


def test_a_bug_in_a_method_is_a_failed_claim() -> None:
    """An exception names itself in the claim."""
    outcome = _race("Raises")
    assert outcome.claim.reason is Reason.FAILED
    assert "ZeroDivisionError: a bug" in outcome.claim.detail


def test_cancel_keeps_the_plan() -> None:
    """A cancel set from outside ends even a stubborn method soon, with its plan."""
    cancel = threading.Event()
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if event.what is What.PLAN:
            cancel.set()

    limits = Limits(time_limit_ns=600 * _SECOND)
    lanes = ((misbehaving.entry("Stubborn"),),)
    (outcome,) = Race(two_devices(), limits, listen, cancel).run(lanes, None)
    assert outcome.claim.reason is Reason.CANCELLED
    assert outcome.objective == 615
    assert [event.what for event in events] == [What.STARTED, What.PLAN, What.FINISHED]


def test_one_child_fails_and_the_other_answers() -> None:
    """A killed child does not disturb the lane beside it."""
    problem = two_devices()
    (dp,) = strategy.lanes(problem, "dp")[0]
    lanes = ((misbehaving.entry("Killed"),), (dp,))
    outcomes = {o.claim.solver: o for o in Race(problem, _LIMITS).run(lanes, None)}
    assert outcomes["dp"].objective == 515
    assert outcomes["Killed"].claim.reason is Reason.FAILED


def _forever() -> None:
    while True:
        time.sleep(1)


def test_a_call_is_bounded_too() -> None:
    """A function run apart is ended at its time limit."""
    assert call(max, 1, 2, limits=_LIMITS) == 2
    with pytest.raises(ChildLostError, match="ran out of time"):
        call(_forever, limits=_LIMITS)
