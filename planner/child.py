"""What runs inside a supervised child process: methods one after another, on one problem.

The child owns its session (a Ctrl-C at the terminal is the parent's to handle, and what it starts
is killed along with it), caps its own address space, and dies with its parent: a thread waits on
the channel, takes the word to cancel from it, and ends the session when the other end is gone. That
thread waits as well while native code holds the interpreter's lock. So the system ends the child
when the fork server has gone, which goes when its parent does.
"""

import ctypes
import gc
import multiprocessing
import multiprocessing.reduction
import os
import pickle
import resource
import signal
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Limits, Reason
from planner.messages import (
    Finished,
    FoundBound,
    FoundPlan,
    GarbledError,
    Started,
    encode,
    frame,
)
from planner.verify import verify
from solvers.base import Progress
from solvers.registry import Entry

CANCEL = b"c"
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # of prctl
# A task is its length and its pickle, on the channel before anything else.
TASK_LENGTH = struct.Struct("!Q")


@dataclass(frozen=True)
class Job:
    """What a child is to do: methods in turn, until `deadline_ns` of the monotonic clock.

    That clock is the machine's, so starting the child and reading the job are part of the time.
    """

    problem: AnyProblem
    methods: tuple[Entry, ...]
    limits: Limits
    deadline_ns: int
    hint: AnyPlan | None


@dataclass(frozen=True)
class Call:
    """Any function of the planner to run apart from the parent, and its arguments.

    stoppable: whether it takes one more, `stopped() -> bool`: then it shall return what it has.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    limits: Limits
    stoppable: bool = False


class Handed:
    """A file descriptor among a child's arguments; the child gets a copy of it, as an integer."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _detached, (multiprocessing.reduction.DupFd(self._descriptor),)


def _detached(copy: Any) -> int:
    descriptor: int = copy.detach()
    return descriptor


class _Mouth:
    """Says messages to the parent, whole ones whoever speaks, and of one method at a time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._speaker: str | None = None

    def say(self, payload: bytes, then: str | None = None) -> None:
        """Send a payload; from then on only `then` may report. Raises GarbledError, OSError."""
        framed = frame(payload)
        with self._lock:
            self._channel.sendall(framed)
            self._speaker = then

    def report(self, payload: bytes, solver: str) -> None:
        """Send a payload of a method, unless it has ended: a library's thread may outlive it."""
        framed = frame(payload)
        with self._lock:
            if self._speaker == solver:
                self._channel.sendall(framed)


class _Report(Progress[AnyPlan]):
    """Streams a method's progress to the parent."""

    def __init__(self, solver: str, mouth: _Mouth, stop: threading.Event) -> None:
        self._solver = solver
        self._mouth = mouth
        self._stop = stop

    def plan(self, plan: AnyPlan) -> None:
        message = FoundPlan(solver=self._solver, plan=plan)
        self._mouth.report(encode(message), self._solver)

    def bound(self, lower_bound: int) -> None:
        message = FoundBound(solver=self._solver, lower_bound=lower_bound)
        self._mouth.report(encode(message), self._solver)

    def cancelled(self) -> bool:
        return self._stop.is_set()


def main(channel: int, log: int) -> None:
    """Entry point of the child, which waits for its task; what it prints goes to the file `log`."""
    os.setsid()
    _end_with_the_fork_server()
    # Pyomo makes a lock on import, which the fork server's way of starting would have tracked and,
    # when the child is killed, complained about.
    multiprocessing.set_start_method("fork", force=True)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # What was imported stays: to look through it for garbage would copy every page of it.
    gc.freeze()
    status = 0
    try:
        _work(socket.socket(fileno=channel))
    except BaseException:  # noqa: BLE001  # the last resort of the process
        traceback.print_exc()
        status = 1
    # Not by way of the interpreter, which would wait for threads that a library left behind.
    os._exit(status)


def _end_with_the_fork_server() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL.value)
    # The fork server stays for as long as anyone holds this; each child is given a copy.
    server: Any = forkserver._forkserver  # private
    os.close(server._forkserver_alive_fd)
    server._forkserver_alive_fd = None


def _work(channel: socket.socket) -> None:
    words = _received(channel)
    if words is None:
        return
    task: Job | Call = pickle.loads(words)  # noqa: S301  # of our own parent
    _cap_memory(task.limits.memory_limit_bytes)
    stop = threading.Event()
    threading.Thread(target=_listen, args=(channel, stop), daemon=True).start()
    mouth = _Mouth(channel)
    if isinstance(task, Job):
        _run_all(mouth, task, stop)
    else:
        more = (stop.is_set,) if task.stoppable else ()
        mouth.say(pickle.dumps(task.function(*task.arguments, *more)))


def _received(channel: socket.socket) -> bytes | None:
    """The task as its parent sent it; None when the parent has gone without giving one."""
    length = channel.recv(TASK_LENGTH.size, socket.MSG_WAITALL)
    if len(length) < TASK_LENGTH.size:
        return None
    (size,) = TASK_LENGTH.unpack(length)
    words = bytearray()
    while len(words) < size:
        piece = channel.recv(min(2**20, size - len(words)))
        if not piece:
            return None
        words += piece
    return bytes(words)


def _listen(channel: socket.socket, stop: threading.Event) -> None:
    try:
        while channel.recv(1) == CANCEL:
            stop.set()
    finally:
        os.killpg(0, signal.SIGKILL)


def _cap_memory(limit_bytes: int) -> None:
    """Limit the address space to what is mapped now (code, libraries) and `limit_bytes` more."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limit_bytes, mapped + limit_bytes))


def _run_all(mouth: _Mouth, job: Job, stop: threading.Event) -> None:
    hints = [] if job.hint is None else [job.hint]
    for method in job.methods:
        left = job.deadline_ns - time.monotonic_ns()
        if left <= 0 or stop.is_set():
            return
        limits = job.limits.model_copy(update={"time_limit_ns": left})
        mouth.say(encode(Started(solver=method.name)), then=method.name)
        report = _Report(method.name, mouth, stop)
        claim, payload = _run(method, job.problem, limits, _best(job.problem, hints), report)
        mouth.say(payload)
        if claim.plan is not None:
            hints.append(claim.plan)


def _run(
    method: Entry,
    problem: AnyProblem,
    limits: Limits,
    hint: AnyPlan | None,
    report: _Report,
) -> tuple[Claim[AnyPlan], bytes]:
    """A method's claim, and the message that says it; any fault of it is a claim of FAILED."""
    begun = time.monotonic_ns()
    try:
        claim = method.load().solve(problem, limits, hint, report)
        return claim, _finished(method, claim, begun)
    except MemoryError:
        claim = Claim(method.name, Reason.MEMORY_LIMIT, detail="the address space is used up")
    except Exception as error:  # noqa: BLE001  # whatever it is
        claim = Claim(method.name, Reason.FAILED, detail=f"{type(error).__name__}: {error}")
    return claim, _finished(method, claim, begun)


def _finished(method: Entry, claim: Claim[AnyPlan], begun: int) -> bytes:
    """The message of a claim. Raises GarbledError for one that cannot be said."""
    wall_ns = time.monotonic_ns() - begun
    payload = encode(Finished(claim=claim, wall_ns=wall_ns))
    if claim.solver != method.name:
        raise GarbledError(f"a claim in the name of '{claim.solver}'")
    frame(payload)
    return payload


def _best(problem: AnyProblem, plans: Sequence[AnyPlan]) -> AnyPlan | None:
    priced = [(verify(problem, plan).objective, plan) for plan in plans]
    accepted = [(value, plan) for value, plan in priced if value is not None]
    return min(accepted, key=lambda pair: pair[0])[1] if accepted else None
