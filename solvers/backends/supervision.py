"""A library's solve in a thread of its own, so that its caller is never held up by it.

HiGHS asks its callbacks whether to go on, but not while it presolves or works on a sub-problem:
gaps of seven seconds were seen. CP-SAT stops within milliseconds, yet on the word of another
thread only. Either way the caller waits here, where it can be told to stop at any time.
"""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from solvers.base import Stopwatch

T = TypeVar("T")
V = TypeVar("V")
B = TypeVar("B")

# How often the caller is asked, and how long a library has to obey before it is left alone.
_POLL_S = 0.02
_PATIENCE_S = 0.5


class Findings(Generic[V, B]):
    """The best point and bound so far of a running solve, passed on as they come.

    Called from the solving thread; `close` returns once no call is under way and makes later
    ones void, so that a solve that was left alone cannot speak out of turn.
    """

    def __init__(self, found: Callable[[V], None], bounded: Callable[[B], None]) -> None:
        self.point: V | None = None
        self.bound: B | None = None
        self._found = found
        self._bounded = bounded
        self._lock = threading.Lock()
        self._open = True

    def take_point(self, point: V) -> None:
        """A better point than the last."""
        with self._lock:
            if self._open:
                self.point = point
                self._found(point)

    def take_bound(self, bound: B) -> None:
        """A bound; passed on where it differs from the last."""
        with self._lock:
            if self._open and bound != self.bound:
                self.bound = bound
                self._bounded(bound)

    def close(self) -> None:
        """Take nothing any more."""
        with self._lock:
            self._open = False


def supervise(solve: Callable[[], T], stop: Callable[[], None], watch: Stopwatch) -> T | None:
    """What `solve` returns, or None where it did not end although `stop` was called.

    `stop` is called from when the stopwatch has expired; it may be called several times. Raises
    what `solve` raises. A solve that is left alone still holds up the end of the process: an
    interpreter that is torn down under a running callback crashes.
    """
    outcome: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((solve(), None))
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            outcome.put((None, error))

    threading.Thread(target=run).start()
    patience = _PATIENCE_S
    while patience > 0:
        if watch.expired():
            stop()
            patience -= _POLL_S
        try:
            value, error = outcome.get(timeout=_POLL_S)
        except queue.Empty:
            continue
        if error is not None:
            raise error
        return value
    return None
