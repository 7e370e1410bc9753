"""Work in child processes: given in a moment, cancelled, or killed for certain."""

import logging
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from models.result import Limits
from planner import pool
from planner.child import Call, Job
from planner.messages import GarbledError
from planner.process import Child, await_news

_log = logging.getLogger(__name__)
# What was asked to stop has this long to hand over what it has, before it is killed.
GRACE_NS = 10**9
# Who cancels has the answer in a second: half of it is for the method, the rest for the way.
CANCEL_GRACE_NS = GRACE_NS // 2

T = TypeVar("T")


def start(task: Job | Call, deadline_ns: int) -> Child:
    """A child, if it starts until the deadline (of the monotonic clock) or a grace after it.

    One that waits already, where there is one. The fork server answers in milliseconds, unless it
    is stopped or still imports: it is asked in a thread, and a child that comes too late is ended.
    Raises OSError, EOFError, TimeoutError.
    """
    words, until = pickle.dumps(task), deadline_ns + GRACE_NS
    while (child := pool.take()) is not None:
        try:
            child.give(words, until)
        except OSError as error:
            _log.warning("a child that waited takes no task: %s", error)
            pool.dismiss(child)
        else:
            return child
    asked = _Asked(words, until)
    threading.Thread(target=asked.start, name="starting", daemon=True).start()
    return asked.wait()


class _Asked:
    """A child that has been asked for, and whether it still is wanted."""

    def __init__(self, task: bytes, until_ns: int) -> None:
        self._task = task
        self._until_ns = until_ns
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._given_up = False
        self._made: Child | OSError | EOFError | None = None

    def start(self) -> None:
        """Start the child, and end it if nobody waits any more."""
        try:
            made = self._start()
        except (OSError, EOFError) as error:
            made = error
        with self._lock:
            self._made = made
            if self._given_up and isinstance(made, Child):
                made.bury()
        self._done.set()

    def _start(self) -> Child | OSError | EOFError:
        child = Child()
        try:
            child.give(self._task, self._until_ns)
        except OSError:
            child.bury()
            raise
        return child

    def wait(self) -> Child:
        """The child. Raises TimeoutError when there is none in time."""
        self._done.wait(max(0, self._until_ns - time.monotonic_ns()) / 10**9)
        with self._lock:
            self._given_up = self._made is None
        if self._made is None:
            raise TimeoutError("the fork server does not answer")
        if isinstance(self._made, Child):
            return self._made
        raise self._made


class ChildLostError(RuntimeError):
    """A child ended, or ran out of time, before it returned."""


def call(
    function: Callable[..., T],
    *arguments: object,
    limits: Limits,
    cancel: threading.Event | None = None,
    stoppable: bool = False,
) -> T:
    """The value of a function, computed in a child within the limits.

    stoppable: as of a Call; when `cancel` is set it has CANCEL_GRACE_NS to return what it has.
    Raises ChildLostError when the child ends, runs out of time or is cancelled before.
    """
    deadline = time.monotonic_ns() + limits.time_limit_ns
    name = function.__name__
    try:
        child = start(Call(function, arguments, limits, stoppable), deadline)
    except (OSError, EOFError) as error:
        raise ChildLostError(f"{name} could not be started: {error}") from error
    payloads: Sequence[bytes] = ()
    lost = None
    given_up: int | None = None
    try:
        while not payloads and lost is None:
            await_news([child])
            if cancel is not None and cancel.is_set() and given_up is None:
                child.cancel()
                given_up = time.monotonic_ns() + (CANCEL_GRACE_NS if stoppable else 0)
            lost = _why_lost(child, deadline, given_up)
            payloads = list(child.read())
    except GarbledError as error:
        lost = str(error)
    finally:
        ended = child.ended
        if payloads:
            pool.dismiss(child)
        else:
            death = child.bury()
    if not payloads:
        raise ChildLostError(f"{name}: {death.detail}" if ended else f"{name} {lost}")
    try:
        value: T = pickle.loads(payloads[0])  # noqa: S301  # of our own function, in our own child
    except Exception as error:
        raise ChildLostError(f"{name} returned what cannot be read: {error}") from error
    return value


def _why_lost(child: Child, deadline: int, given_up: int | None) -> str | None:
    """Why there is nothing to wait for beyond what has been said already, or None."""
    if given_up is not None and time.monotonic_ns() >= given_up:
        return "was cancelled"
    if time.monotonic_ns() >= deadline:
        return "ran out of time"
    return "ended without an answer" if child.ended or child.mute else None
