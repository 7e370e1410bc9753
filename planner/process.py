"""One child process: forked, given its task, heard, and ended for certain.

Children are forked from a server process that has imported the methods but never solved anything
(a fork after a threaded solve hangs). Each has a channel on which its parent reads what has come
and never waits for more, and a sentinel that says when it is gone, whoever else may hold on to
the channel. A child is killed together with whatever it started.
"""

import logging
import multiprocessing
import multiprocessing.process
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait

from models.result import Reason
from planner.child import CANCEL, TASK_LENGTH, Handed, main
from planner.messages import Frames

_log = logging.getLogger(__name__)
_context = multiprocessing.get_context("forkserver")
# What every child needs; a server adds all methods by `preload`.
_ALWAYS = ["planner.child", "planner.bounds", "numpy"]
_context.set_forkserver_preload(_ALWAYS)
_starting = threading.Lock()
_LOG_TAIL_BYTES = 2000
# More than a socket holds: what a child said before it died is read at once.
_PIECE_BYTES = 2**20
_TICK_S = 0.05
# How long the system may take to end a killed process before it is left to the fork server.
_REAP_S = 5.0
# A process that dies closes its channel first, and may take this long to give its memory back.
_MUTE_NS = 10**9
# What Python, C++ and Rust (pydantic) say when an allocation fails.
_NO_MEMORY = ("MemoryError", "bad_alloc", "out of memory", "memory allocation of")


def preload(modules: list[str]) -> None:
    """Modules that the fork server imports before the first child; call before any solve."""
    _context.set_forkserver_preload([*_ALWAYS, *modules])


@dataclass(frozen=True)
class Death:
    """How a child ended: the reason for a claim that it left out, in words too.

    orderly: whether it came to the end of its task.
    """

    reason: Reason
    detail: str
    orderly: bool


class Child:
    """A child that waits for its task, then what it says, and the means to end it.

    For one thread at a time. Raises OSError, EOFError when it cannot be forked.
    """

    def __init__(self) -> None:
        self._closed_at: int | None = None
        self._frames = Frames()
        # Without a name from the start, so that no way to end leaves it behind.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `bury`
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(0)
        arguments = (Handed(theirs.fileno()), Handed(self._log.fileno()))
        self._process = _context.Process(target=main, args=arguments, daemon=True)
        try:
            _start_without_main(self._process)
        except BaseException:
            self._close()
            raise
        finally:
            theirs.close()

    def give(self, task: bytes, until_ns: int) -> None:
        """Hand over its task, pickled, by then (monotonic clock). Raises OSError."""
        self._channel.settimeout(max(0.001, (until_ns - time.monotonic_ns()) / 10**9))
        try:
            self._channel.sendall(TASK_LENGTH.pack(len(task)) + task)
        finally:
            self._channel.settimeout(0)

    @property
    def ended(self) -> bool:
        """Whether the process is gone; what it said before can still be read."""
        return self._process.exitcode is not None

    @property
    def mute(self) -> bool:
        """Whether it closed its channel, and yet has not ended for a while."""
        return self._closed_at is not None and time.monotonic_ns() > self._closed_at + _MUTE_NS

    def read(self) -> Iterator[bytes]:
        """The payloads that have come since, without waiting. Raises GarbledError."""
        if self._closed_at is not None:
            return
        try:
            piece = self._channel.recv(_PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._closed_at = time.monotonic_ns()
        yield from self._frames.take(piece)

    def cancel(self) -> None:
        """Ask the running method to stop and to hand over what it has."""
        try:
            self._channel.send(CANCEL)
        except OSError as error:
            _log.debug("child %s does not listen: %s", self._process.pid, error)

    def kill(self) -> None:
        """End the process now, and all that it started."""
        self._process.kill()
        # A child that was only just forked has no group of its own yet; one that has ended leaves
        # its number to its group as long as that has a member.
        if self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def bury(self) -> Death:
        """Kill the process, unless it has ended, and reap it."""
        self.kill()
        self._process.join(_REAP_S)
        code = self._process.exitcode
        size = os.fstat(self._log.fileno()).st_size
        tail = os.pread(self._log.fileno(), _LOG_TAIL_BYTES, max(0, size - _LOG_TAIL_BYTES))
        self._close()
        if code is None:
            _log.error("child %s has been killed and does not end", self._process.pid)
        else:
            self._process.close()
        return _death(code, tail.decode(errors="replace").strip())

    def _close(self) -> None:
        self._channel.close()
        self._log.close()


def await_news(children: Sequence[Child], timeout_s: float = _TICK_S) -> None:
    """Return when a child has spoken or ended, or after the timeout."""
    speaking = [child._channel for child in children if child._closed_at is None]
    wait([*speaking, *(child._process.sentinel for child in children)], timeout_s)


def _start_without_main(process: multiprocessing.process.BaseProcess) -> None:
    """Start a child that does not import the parent's main module again.

    multiprocessing would import the command line, or a user's script, into every child; children
    only need `planner.child`. The lock keeps two threads from exchanging the module at once.
    """
    with _starting:
        main_module = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            try:
                process.start()
            except (EOFError, ConnectionError):
                # The fork server has died; once the system knows it, another one is started.
                time.sleep(_TICK_S)
                process.start()
        finally:
            sys.modules["__main__"] = main_module
        # Whoever starts the next child would look whether this one has ended, from another thread:
        # two that look at the same time read the other's descriptors. It ends with us by itself.
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]  # private


def _death(code: int | None, tail: str) -> Death:
    reason = Reason.MEMORY_LIMIT if any(words in tail for words in _NO_MEMORY) else Reason.FAILED
    how = f"exit status {code}"
    if code is not None and code < 0:
        named = -code in signal.valid_signals() and not signal.SIGRTMIN <= -code <= signal.SIGRTMAX
        how = f"killed by {signal.Signals(-code).name if named else f'signal {-code}'}"
    detail = f"the process ended without an answer ({how})"
    if tail:
        detail = f"{detail}: {tail.splitlines()[-1]}"
    return Death(reason, detail, orderly=code == 0)
