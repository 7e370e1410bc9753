"""One solve in one child process: started in milliseconds, cancelled, or killed for certain.

Children are forked from a server process that has imported the methods but never solved anything
(a fork after a threaded solve hangs). The parent reads their messages as they come, so that a
child that dies leaves its last plan behind.
"""

import logging
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from models.problems import AnyPlan
from models.result import Claim, Limits, Reason
from planner.child import CANCEL, Call, Finished, Job, Message, Returned, Started, main

_log = logging.getLogger(__name__)
_context = multiprocessing.get_context("forkserver")
# What every child needs; a server adds all methods by `preload`.
_ALWAYS = ["planner.child", "numpy"]
_context.set_forkserver_preload(_ALWAYS)
_starting = threading.Lock()
_LOG_TAIL_BYTES = 2000
_TICK_S = 0.05

T = TypeVar("T")


def preload(modules: list[str]) -> None:
    """Modules that the fork server imports before the first child; call before any solve."""
    _context.set_forkserver_preload([*_ALWAYS, *modules])


class Child:
    """A running child: its messages, and the means to end it."""

    def __init__(self, task: Job | Call) -> None:
        self._running: str | None = None
        handle, self._logfile = tempfile.mkstemp(prefix="edgeplan-", suffix=".log")
        os.close(handle)
        self.pipe, theirs = _context.Pipe()
        arguments = (theirs, task, self._logfile)
        self._process = _context.Process(target=main, args=arguments, daemon=True)
        _start_without_main(self._process)
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Process id."""
        return self._process.pid

    def read(self) -> Message | None:
        """The next message, waiting for it; None once the child is gone and has said all."""
        try:
            message: Message = self.pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(message, Started):
            self._running = message.solver
        elif isinstance(message, Finished):
            self._running = None
        return message

    def cancel(self) -> None:
        """Ask the running method to stop and to hand over what it has."""
        try:
            self.pipe.send(CANCEL)
        except OSError:
            _log.debug("child %s is gone already", self.pid)

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()

    def bury(self) -> Claim[AnyPlan] | None:
        """Reap the process; a claim for the method it died in, None after an orderly end."""
        self._process.join()
        code = self._process.exitcode
        tail = _tail(self._logfile)
        Path(self._logfile).unlink(missing_ok=True)
        self.pipe.close()
        self._process.close()
        if self._running is None:
            return None
        return Claim(self._running, *_cause(code, tail))


class ChildLostError(RuntimeError):
    """A child ended, or ran out of time, before it returned."""


def call(
    function: Callable[..., T],
    *arguments: object,
    limits: Limits,
    cancel: threading.Event | None = None,
) -> T:
    """The value of a function, computed in a child within the limits.

    Raises ChildLostError when the child ends, runs out of time or `cancel` is set before.
    """
    child = Child(Call(function, arguments, limits))
    deadline = time.monotonic_ns() + limits.time_limit_ns
    answered = False
    while not answered and time.monotonic_ns() < deadline and not (cancel and cancel.is_set()):
        answered = child.pipe.poll(_TICK_S)
    message = child.read() if answered else None
    child.kill()
    child.bury()
    if not isinstance(message, Returned):
        how = "ended without an answer" if answered else "ran out of time"
        raise ChildLostError(f"{function.__name__} {how}")
    value: T = message.value
    return value


def _start_without_main(process: multiprocessing.process.BaseProcess) -> None:
    """Start a child that does not import the parent's main module again.

    multiprocessing would import the command line, or a user's script, into every child; children
    only need `planner.child`. The lock keeps two threads from exchanging the module at once.
    """
    with _starting:
        main_module = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            process.start()
        finally:
            sys.modules["__main__"] = main_module


def _tail(path: str) -> str:
    with Path(path).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
        return file.read().decode(errors="replace").strip()


def _cause(code: int | None, tail: str) -> tuple[Reason, None, None, str]:
    out_of_memory = any(word in tail for word in ("bad_alloc", "MemoryError", "out of memory"))
    how = f"exit status {code}"
    if code is not None and code < 0:
        how = f"killed by {signal.Signals(-code).name}"
    reason = Reason.MEMORY_LIMIT if out_of_memory else Reason.FAILED
    detail = f"the process ended without an answer ({how})"
    return reason, None, None, f"{detail}: {tail.splitlines()[-1]}" if tail else detail
