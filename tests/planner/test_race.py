"""Children that misbehave: whatever they do, the race ends in time and keeps what was verified."""

import signal
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.problems import AnyPlan
from models.problems.dag_partition import DagPartitionPlan
from models.result import Certificate, Claim, Grade, Limits, Proof, Reason, Run
from planner import bounds, lane, pool, process, strategy
from planner import race as races
from planner.certify import certify
from planner.messages import MAX_BYTES
from planner.process import Child
from planner.race import Event, Race, What
from planner.standing import Outcome
from solvers.registry import Entry
from tests import misbehaving as bad
from tests.misbehaving import Bounds, Claims, Dies, Exits, Plans, Writes, scripted
from tests.small import split, two_devices

_SECOND = 10**9
# Long enough for a child to start and report on a loaded machine.
_LIMITS = Limits(time_limit_ns=4 * _SECOND, memory_limit_bytes=2**28)
_PATIENT = Limits(time_limit_ns=30 * _SECOND)


def _race(*lanes: tuple[Entry, ...], limits: Limits = _PATIENT) -> dict[str, Outcome]:
    outcomes = Race(two_devices(), limits).run(lanes)
    return {outcome.claim.solver: outcome for outcome in outcomes}


def _certificate(*lanes: tuple[Entry, ...]) -> tuple[Certificate, dict[str, Run]]:
    problem = two_devices()
    race = Race(problem, _PATIENT)
    found = certify(problem, race.run(lanes), race.record.combinatorial)
    return found, {run.solver: run for run in found.runs}


def _claim(
    reason: Reason, plan: AnyPlan | None = None, lower_bound: int | None = None, name: str = "odd"
) -> Claims:
    return Claims(Claim(name, reason, plan, lower_bound))


_FAIR = _claim(Reason.HEURISTIC, split(2))


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (_claim(Reason.COMPLETED, split(2), 400), "completed its search with a plan of 615"),
        (_claim(Reason.COMPLETED, split(4), 415), "plan refused: empty-stage"),
        (_claim(Reason.COMPLETED, split(3), 600), "no plan costs less than 600"),
        (_claim(Reason.INFEASIBLE), "odd proved that no plan exists"),
    ],
)
def test_a_claim_that_is_not_believed_leaves_the_plan_before_it(last: Claims, words: str) -> None:
    """The best verified plan is the answer, the method's bounds are not, and the run says why."""
    odd = scripted("odd", Plans(3), Bounds(450), last)
    certificate, runs = _certificate((odd,))
    assert (certificate.objective, certificate.plan_from) == (515, "odd")
    assert (certificate.lower_bound, certificate.bound_from) == (400, bounds.COMBINATORIAL)
    assert (certificate.grade, certificate.proof) == (Grade.BOUNDED, None)
    assert (runs["odd"].reason, runs["odd"].lower_bound) == (Reason.FAILED, None)
    assert words in runs["odd"].detail


def test_a_worse_plan_at_the_end_does_not_replace_a_better_one() -> None:
    """A method that stops early may end with less than it had; its bound still holds."""
    odd = scripted("odd", Plans(3), Bounds(450), Plans(2), _claim(Reason.TIME_LIMIT, split(2), 410))
    certificate, runs = _certificate((odd,))
    assert (certificate.objective, certificate.lower_bound) == (515, 450)
    assert runs["odd"].reason is Reason.TIME_LIMIT


def test_a_plan_refused_on_the_way_takes_the_bounds_along() -> None:
    """A method that errs about a plan is not believed about bounds, even if it ends well."""
    odd = scripted("odd", Bounds(500), Plans(4), _claim(Reason.COMPLETED, split(3), 515))
    certificate, runs = _certificate((odd,))
    assert (certificate.objective, certificate.lower_bound, certificate.proof) == (515, 400, None)
    assert "empty-stage" in runs["odd"].detail


def test_a_heuristic_proves_nothing() -> None:
    """Its bound is not believed, streamed or claimed; its plan is."""
    odd = scripted("odd", Bounds(515), _claim(Reason.COMPLETED, split(3), 515), exact=False)
    certificate, runs = _certificate((odd,))
    assert (certificate.objective, certificate.lower_bound) == (515, 400)
    assert runs["odd"].detail == "a bound or a proof (completed) from a method that can give none"


def test_methods_that_contradict_each_other_are_both_named() -> None:
    """A search completed with 615 beside a plan of 515: the plan stays, the proof falls."""
    odd = scripted("odd", _claim(Reason.COMPLETED, split(2), 400))
    fair = scripted("fair", _claim(Reason.HEURISTIC, split(3), name="fair"), exact=False)
    certificate, runs = _certificate((odd,), (fair,))
    assert certificate.contradictions == (
        "odd completed its search with a plan of 615, but one of 515 was verified",
    )
    assert (certificate.objective, certificate.plan_from) == (515, "fair")
    assert runs["odd"].reason is Reason.FAILED


def test_events_tell_what_stands() -> None:
    """The hint counts; a refused method's bound goes; a worse bound does not replace a better."""
    odd = scripted("odd", Bounds(450), Bounds(440), Bounds(460), Plans(4), _FAIR)
    events: list[Event] = []
    Race(two_devices(), _PATIENT, events.append).run(((odd,),), split(2))
    mine = [event for event in events if event.solver == "odd"]
    assert [event.what for event in mine] == [What.STARTED, What.BOUND, What.BOUND, What.FINISHED]
    assert {event.objective for event in mine} == {615}
    assert [event.lower_bound for event in mine[1:3]] == [450, 460]
    # The bound from the problem itself comes from a process of its own, before or after the end.
    assert mine[-1].lower_bound in (None, 400)
    assert events[-1].lower_bound == 400
    assert [event.what for event in events if event.solver != "odd"] == [What.BOUND]


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(Writes(b"\0\0\0\4xxxx"), id="garbage"),
        pytest.param(Writes(b"\xff\xff\xff\xff"), id="too-long"),
        pytest.param(Writes(bad.PICKLE), id="pickle"),
        pytest.param(Writes(bad.framed(b'{"type":"started","solver":"odd"}')), id="twice"),
        pytest.param(
            Writes(bad.framed(b'{"type":"bound","solver":"nobody","lower_bound":1}')), id="stranger"
        ),
        pytest.param(
            Writes(bad.framed(b'{"type":"bound","solver":"odd","lower_bound":1.5}')), id="fraction"
        ),
        pytest.param(Claims(Claim("somebody", Reason.HEURISTIC, split(3))), id="other-name"),
        pytest.param(Claims(None), id="no-claim"),
        pytest.param(
            Claims(Claim("odd", Reason.HEURISTIC, split(3), stats={"n": np.int64(1)})), id="numpy"
        ),
        pytest.param(Claims(Claim("odd", Reason.HEURISTIC, detail="x" * MAX_BYTES)), id="large"),
        pytest.param(
            Claims(Claim("odd", Reason.HEURISTIC, DagPartitionPlan(parts=()))),
            id="other-kind",
        ),
        pytest.param(bad.closes, id="closed-channel"),
        pytest.param(Exits(0), id="exit-0"),
        pytest.param(Dies(signal.SIGSEGV), id="crash"),
        pytest.param(Dies(signal.SIGRTMIN + 3), id="signal-without-name"),
    ],
)
def test_whatever_a_child_says_is_a_failed_claim(act: Any) -> None:
    """Never an exception here: a reason in words, the plan verified before, and no bound of it."""
    after = () if isinstance(act, Claims) else (bad.sleeps,)
    outcome = _race((scripted("odd", Plans(2), act, *after),))["odd"]
    assert outcome.claim.reason is Reason.FAILED
    assert outcome.claim.detail
    assert outcome.objective == 615


def test_a_method_that_ignores_its_time_limit_is_killed() -> None:
    """Within 2 s of its limit it is gone, whatever it does, and its plan is kept.

    Measured is what the supervisor records: the time from the limit to its claim for the dead.
    Beside them runs a method that stops as soon as it is asked to: as late as this machine is for
    that one, it may be later still for the others, and no more.
    """
    acts = {
        "sleeps": bad.sleeps,
        "spins": bad.spins,
        "floods": bad.floods,
        "half-a-message": Writes(b"\0\0\3\xe8x"),
        "stopped": Dies(signal.SIGSTOP),
    }
    lanes = [(scripted(name, Plans(2), act, bad.sleeps),) for name, act in acts.items()]
    outcomes = _race(*lanes, (scripted("control", bad.waits),), limits=_LIMITS)
    late = {name: int(outcome.claim.stats["overshoot_ns"]) for name, outcome in outcomes.items()}
    allowed = 2 * _SECOND + late["control"]
    for name in acts:
        assert outcomes[name].claim.reason is Reason.TIME_LIMIT
        assert outcomes[name].objective == 615
        assert late[name] <= allowed


def test_a_process_that_a_method_leaves_behind_is_killed_too() -> None:
    """It neither holds up the race, although it keeps the channel open, nor outlives it."""
    outcome = _race((scripted("odd", Plans(2), bad.leaves_a_child, Exits(3)),))["odd"]
    assert "exit status 3" in outcome.claim.detail
    left = outcome.claim.lower_bound
    assert left is not None
    for _ in range(100):
        if not _alive(left):
            return
        time.sleep(0.1)
    raise AssertionError("it lives")


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_crash_after_the_limit_is_a_crash() -> None:
    """Who dies by itself while it is asked to stop has failed, and its plan is kept."""
    signals = (signal.SIGSEGV, signal.SIGKILL)
    lanes = [(scripted(n.name, Plans(2), bad.waits, Dies(n)),) for n in signals]
    outcomes = _race(*lanes, limits=_LIMITS)
    for name in ("SIGSEGV", "SIGKILL"):
        assert outcomes[name].claim.reason is Reason.FAILED
        assert name in outcomes[name].claim.detail
        assert outcomes[name].objective == 615


def test_a_thread_that_outlives_its_method_is_not_heard() -> None:
    """What it says after the claim is neither believed nor held against the next method."""
    fair = scripted("fair", bad.dawdles, _claim(Reason.HEURISTIC, split(3), name="fair"))
    outcomes = _race((scripted("odd", bad.leaves_a_thread, _FAIR), fair))
    assert (outcomes["odd"].objective, outcomes["fair"].objective) == (615, 515)
    assert outcomes["fair"].claim.reason is Reason.HEURISTIC


def test_methods_that_never_began_have_a_claim() -> None:
    """A child that dies before its first method, or between two, says so for each."""
    fatal = bad.Fatal("fatal", "", bad.entry("fatal").traits, "")
    after = scripted("after", _FAIR)
    outcomes = _race((fatal, after), (scripted("odd", bad.dies_after_its_claim, _FAIR), after))
    assert [outcomes[name].claim.reason for name in ("fatal", "after", "odd")] == [
        Reason.FAILED,
        Reason.FAILED,
        Reason.HEURISTIC,
    ]
    assert "not started: the process ended" in outcomes["fatal"].claim.detail
    assert "SIGKILL" in outcomes["after"].claim.detail


def test_methods_whose_turn_did_not_come_have_a_claim() -> None:
    """Neither without time nor after a cancel is a method missing from the runs."""
    cancel = threading.Event()
    cancel.set()
    problem, lanes = two_devices(), strategy.lanes(two_devices())
    names = {method.name for methods in lanes for method in methods}
    hurried = Race(problem, Limits(time_limit_ns=0)).run(lanes)
    assert {o.claim.solver for o in hurried} >= names
    assert {o.claim.reason for o in hurried} == {Reason.TIME_LIMIT}
    cancelled = Race(problem, _PATIENT, cancel=cancel).run(lanes)
    assert {o.claim.solver for o in cancelled} == names
    assert Reason.FAILED not in {o.claim.reason for o in cancelled}


def test_a_child_that_cannot_be_started_is_a_failed_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lanes beside it run on."""
    begin = lane.start

    def no_second(job: Any, deadline_ns: int) -> Child:
        if any(method.name == "second" for method in job.methods):
            raise OSError(24, "Too many open files")
        return begin(job, deadline_ns)

    monkeypatch.setattr(lane, "start", no_second)
    first = scripted("first", _claim(Reason.HEURISTIC, split(2), name="first"))
    outcomes = _race((first,), (scripted("second", _FAIR),))
    assert outcomes["first"].objective == 615
    assert "could not be started: OSError" in outcomes["second"].claim.detail


def test_what_was_said_in_time_counts_though_nobody_listened() -> None:
    """A parent that is held up beyond the limit hears the claim of a method that has ended well."""
    odd = scripted("odd", Plans(3), _claim(Reason.HEURISTIC, split(3)))

    def held_up(event: Event) -> None:
        if event.what is What.PLAN:
            time.sleep((_LIMITS.time_limit_ns + 2 * _SECOND) / _SECOND)

    race = Race(two_devices(), _LIMITS, held_up)
    (outcome,) = race.run(((odd,),))
    assert outcome.claim.reason is Reason.HEURISTIC
    assert outcome.verification is not None
    assert outcome.verification.objective == 515


def test_a_fork_server_that_does_not_answer_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When no child comes to be in time, the race ends all the same, and a late one is ended."""
    thawed = threading.Event()
    begin = process._start_without_main

    def frozen(asked: Any) -> None:
        thawed.wait(60)
        begin(asked)

    monkeypatch.setattr(pool, "take", lambda: None)  # a server of another test may have some
    monkeypatch.setattr(process, "_start_without_main", frozen)
    begun = time.monotonic()
    found = _race((scripted("odd", _FAIR),), limits=Limits(time_limit_ns=_SECOND))
    waited = time.monotonic() - begun
    thawed.set()
    assert found["odd"].claim.reason is Reason.TIME_LIMIT
    assert "could not be started" in found["odd"].claim.detail
    assert waited < 30
    for thread in threading.enumerate():
        if thread.name == "starting":
            thread.join(30)
            assert not thread.is_alive()


def test_the_bound_from_the_problem_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes for ever delays an agreement by a second, and is named when time is up."""
    slow = scripted(bounds.COMBINATORIAL, bad.sleeps, exact=False)
    monkeypatch.setattr(bounds, "ENTRY", slow)
    # On a busy machine a second method may take far longer than the first one.
    monkeypatch.setattr(races, "confirmation_ns", lambda *_: 60 * _SECOND)
    problem = two_devices()
    race = Race(problem, Limits(time_limit_ns=60 * _SECOND))
    certificate = certify(problem, race.run(strategy.lanes(problem)), race.record.combinatorial)
    assert certificate.proof is Proof.AGREED
    assert bounds.COMBINATORIAL not in {run.solver for run in certificate.runs}
    outcomes = _race((scripted("odd", bad.waits, _FAIR),), limits=_LIMITS)
    assert outcomes[bounds.COMBINATORIAL].claim.reason is Reason.TIME_LIMIT


def test_what_could_only_say_the_same_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a proof a method of its family ends at once: its word would make it no more certain."""
    monkeypatch.setattr("planner.race.confirmation_ns", lambda *_: 10**18)
    kin = scripted("kin", bad.sleeps)
    kin = replace(kin, traits=replace(kin.traits, family="odd"))
    proof = scripted("odd", _claim(Reason.COMPLETED, split(3), 515))
    certificate, runs = _certificate((proof,), (kin,))
    assert certificate.proof is Proof.CLAIMED
    # Waited for, it would have ended with the time limit.
    assert runs["kin"].reason is Reason.CANCELLED


def test_nothing_is_left_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a child prints has no name at any time, so that no death leaves it behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[list[Path]] = []
    odd = scripted("odd", Plans(2), Dies())
    Race(two_devices(), _PATIENT, lambda _: seen.append(list(tmp_path.iterdir()))).run(((odd,),))
    assert seen
    assert not any(seen)
