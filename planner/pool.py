"""Children that were forked ahead of need, and those that nobody waits for any more.

To fork a process that has imported every method takes some ten milliseconds, and to end it nearly
as many; most problems are solved in less. So a server has children waiting, one for each that its
solves want at once: each is given one task and forked anew after it. A child whose answer is there
is killed at once and reaped in the background.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from planner.process import Child

_log = logging.getLogger(__name__)
# After a fork that failed (no memory, the fork server has died), s.
_FORK_AGAIN_S = 1.0
# Who has just taken a child has the processors for so long, unless few are left, s.
_REST_S = 0.03


class Pool:
    """Keeps as many children waiting as all who asked for some want together."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted = 0
        self._waiting: deque[Child] = deque()
        self._thread: threading.Thread | None = None

    @contextmanager
    def warm(self, count: int) -> Iterator[None]:
        """`count` children more wait, soon after the block begins and until it ends."""
        self._want(count)
        try:
            yield
        finally:
            self._want(-count)

    def take(self) -> Child | None:
        """A child that waits for its task, None when none does; another is forked for it."""
        with self._changed:
            self._changed.notify()
            while self._waiting:
                child = self._waiting.popleft()
                if not child.ended:
                    return child
                dismiss(child)
        return None

    def __len__(self) -> int:
        return len(self._waiting)

    def _want(self, more: int) -> None:
        with self._changed:
            self._wanted += more
            while len(self._waiting) > self._wanted:
                dismiss(self._waiting.pop())
            if self._wanted and self._thread is None:
                self._thread = threading.Thread(target=self._fork, name="warming", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _fork(self) -> None:
        """Fork whatever is missing, until nobody wants any."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: not self._wanted or len(self._waiting) < self._wanted
                )
                if not self._wanted:
                    self._thread = None
                    return
                in_a_hurry = 2 * len(self._waiting) < self._wanted
            if not in_a_hurry:
                time.sleep(_REST_S)
            try:
                child = Child()
            except (OSError, EOFError) as error:
                _log.warning("no child could be forked: %s", error)
                with self._changed:
                    self._changed.wait(_FORK_AGAIN_S)
                continue
            with self._changed:
                if len(self._waiting) < self._wanted:
                    self._waiting.append(child)
                else:
                    dismiss(child)


class _Undertaker:
    """A thread that reaps what has been killed."""

    def __init__(self) -> None:
        self._dead: SimpleQueue[Child] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def take(self, child: Child) -> None:
        """Reap a child, in a while."""
        self._dead.put(child)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._reap, name="reaping", daemon=True)
                self._thread.start()

    def _reap(self) -> None:
        while True:
            try:
                self._dead.get().bury()
            except Exception:  # noqa: BLE001  # whatever keeps one must not keep the others
                _log.exception("a child could not be reaped")


_POOL = Pool()
_UNDERTAKER = _Undertaker()
# One pool for the process, as it has one fork server.
warm = _POOL.warm
take = _POOL.take


def dismiss(child: Child) -> None:
    """Kill a child of which nothing more is wanted, now; it is reaped in the background."""
    child.kill()
    _UNDERTAKER.take(child)


def for_slots(slots: int) -> int:
    """How many children so many solves at once want to find waiting.

    A solve takes three, one per lane and one for the bound; the next one shall find some as well,
    while others are forked.
    """
    return 3 * (slots + 1) if slots else 0
