"""Children with a fault each, and functions called in a child: clear reasons, and no wait."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from models.result import Limits, Reason
from planner import process as processes
from planner import strategy
from planner.race import Event, Race, What
from planner.standing import Outcome
from planner.worker import ChildLostError, call
from tests import misbehaving
from tests.small import two_devices

_SECOND = 10**9
_LIMITS = Limits(time_limit_ns=60 * _SECOND, memory_limit_bytes=2**28)


def _race(name: str) -> Outcome:
    (outcome,) = Race(two_devices(), _LIMITS).run(((misbehaving.entry(name),),))
    return outcome


def test_a_killed_method_leaves_its_plan() -> None:
    """SIGKILL gives a clear reason, and the last verified plan survives."""
    outcome = _race("Killed")
    assert outcome.claim.reason is Reason.FAILED
    assert "SIGKILL" in outcome.claim.detail
    assert outcome.objective == 615


@pytest.mark.parametrize("name", ["Greedy", "Aborts"])
def test_memory_over_the_limit_is_named(name: str) -> None:
    """A Python MemoryError and a native abort both end as memory-limit, with the plan before."""
    outcome = _race(name)
    assert outcome.claim.reason is Reason.MEMORY_LIMIT
    assert outcome.objective == 615


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

    lanes = ((misbehaving.entry("Stubborn"),),)
    (outcome,) = Race(two_devices(), _LIMITS, listen, cancel).run(lanes)
    assert outcome.claim.reason is Reason.CANCELLED
    assert outcome.objective == 615
    own = [event.what for event in events if event.solver == "Stubborn"]
    assert own == [What.STARTED, What.PLAN, What.FINISHED]


def test_one_child_fails_and_the_other_answers() -> None:
    """A killed child does not disturb the lane beside it."""
    problem = two_devices()
    # One that proves nothing: after a proof nobody waits for the other's end.
    (edgeshard,) = strategy.lanes(problem, "edgeshard")[0]
    lanes = ((misbehaving.entry("Killed"),), (edgeshard,))
    outcomes = {o.claim.solver: o for o in Race(problem, _LIMITS).run(lanes)}
    assert outcomes["edgeshard"].objective == 515
    assert outcomes["Killed"].claim.reason is Reason.FAILED


def _forever() -> None:
    while True:
        time.sleep(1)


def _raise() -> None:
    raise ZeroDivisionError("a bug")


def _unspeakable() -> object:
    return lambda: None


def _unreadable() -> object:
    return _Unreadable()


class _Unreadable:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("no number",)


class _Reluctant:
    """Stands in for a process whose fork server has just died."""

    tries = 0

    def start(self) -> None:
        self.tries += 1
        if self.tries == 1:
            raise EOFError("unexpected EOF")


def test_a_fork_server_that_died_costs_no_answer() -> None:
    """Starting a child is tried again; what still fails then is raised."""
    process: Any = _Reluctant()
    processes._start_without_main(process)
    assert process.tries == 2
    process.tries = 0
    process.start = lambda: (_ for _ in ()).throw(ConnectionRefusedError())
    with pytest.raises(ConnectionRefusedError):
        processes._start_without_main(process)


def _leave_a_child() -> None:
    if os.fork() == 0:
        time.sleep(600)


def test_a_call_returns_its_value() -> None:
    """Whatever can be pickled comes back."""
    assert call(max, 1, 2, limits=_LIMITS) == 2
    assert call(bytes, 10**6, limits=_LIMITS) == bytes(10**6)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_raise, "_raise: .*ZeroDivisionError: a bug"),
        (_unspeakable, "_unspeakable: .*pickle"),
        (_unreadable, "_unreadable returned what cannot be read: invalid literal"),
    ],
)
def test_a_call_that_fails_says_why(function: Callable[[], object], words: str) -> None:
    """The error of the child is the error of the call, in words."""
    with pytest.raises(ChildLostError, match=words):
        call(function, limits=_LIMITS)


def test_a_call_is_bounded_too() -> None:
    """A function run apart is ended at its time limit, or when it is cancelled."""
    hurried = Limits(time_limit_ns=_SECOND)
    with pytest.raises(ChildLostError, match="_forever ran out of time"):
        call(_forever, limits=hurried)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(ChildLostError, match="_forever was cancelled"):
        call(_forever, limits=_LIMITS, cancel=cancel)


def _until_stopped(begun: Path, value: int, stopped: Callable[[], bool]) -> int:
    begun.touch()
    while not stopped():
        time.sleep(0.01)
    return value


def test_a_stoppable_call_hands_over_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears that it is cancelled and has its grace to return; one that does not hear is lost."""
    cancel, begun = threading.Event(), tmp_path / "begun"

    def cancel_once_begun() -> None:
        while not begun.exists():
            time.sleep(0.01)
        cancel.set()

    threading.Thread(target=cancel_once_begun, daemon=True).start()
    with monkeypatch.context() as patient:
        patient.setattr("planner.worker.CANCEL_GRACE_NS", 30 * 10**9)
        value = call(_until_stopped, begun, 7, limits=_LIMITS, cancel=cancel, stoppable=True)
    assert value == 7
    with pytest.raises(ChildLostError, match="_deaf was cancelled"):
        call(_deaf, limits=_LIMITS, cancel=cancel, stoppable=True)


def _deaf(_stopped: Callable[[], bool]) -> None:
    time.sleep(600)


def test_a_call_does_not_wait_for_what_it_left_behind() -> None:
    """A process that holds on to the channel is ended with the one that started it."""
    assert call(_leave_a_child, limits=_LIMITS) is None


def _hold(path: Path) -> None:
    path.with_suffix(".part").write_text(str(os.getpid()))
    path.with_suffix(".part").rename(path)
    ctypes.PyDLL(None).sleep(600)  # with the interpreter's lock


_CALLS = """
import sys
from pathlib import Path
from models.result import Limits
from planner.worker import call
from tests.planner.test_worker import _hold

call(_hold, Path(sys.argv[1]), limits=Limits(time_limit_ns=600 * 10**9))
"""


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_native_code_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """Though no thread of the child can notice: the system ends it."""
    path = tmp_path / "pid"
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", _CALLS, str(path)], cwd=root) as parent:
        while not path.exists():
            assert parent.poll() is None
            time.sleep(0.05)
        parent.kill()
    child = int(path.read_text())
    try:
        for _ in range(1200):
            if not _runs(child):
                break
            time.sleep(0.05)
        assert not _runs(child)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, 9)
