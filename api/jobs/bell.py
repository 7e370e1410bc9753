"""Wakes those who wait for a job; a bell that is not heard costs a second, never an answer."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, RowMapping, func, select

CHANNEL = "edgeplan_jobs"
_LOOK_AGAIN_S = 1.0


def say(connection: Connection, job: str) -> None:
    """Tell all processes that a job changes, once the transaction is through."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, job)))


class Listener:
    """Hears of one job, in the event loop that it was made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()
        self._row: RowMapping | None = None

    async def heard(self, timeout_s: float) -> RowMapping | None:
        """Wait for a ring since the last one, the timeout or a second, whichever is first.

        The job as it is now, None where whoever rang did not say.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(min(timeout_s, _LOOK_AGAIN_S)):
                await self._rung.wait()
        self._rung.clear()
        row, self._row = self._row, None
        return row

    def ring(self, row: RowMapping | None) -> None:
        """Wake who waits; from any thread."""
        self._loop.call_soon_threadsafe(self._take, row)

    def _take(self, row: RowMapping | None) -> None:
        known = self._row
        if row is None or known is None or row["version"] > known["version"]:
            self._row = row
        self._rung.set()


class Bell:
    """One bell for all jobs of a process. Rung from any thread, heard in event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, set[Listener]] = defaultdict(set)

    def ring(self, job: str, row: RowMapping | None = None) -> None:
        """Wake everyone who waits for the job; row: as it is now, where that is known."""
        with self._lock:
            woken = tuple(self._waiting.get(job, ()))
        for listener in woken:
            listener.ring(row)

    @contextmanager
    def listening(self, job: str) -> Iterator[Listener]:
        """Hears every ring from now on: begin before the look at the job."""
        listener = Listener()
        with self._lock:
            self._waiting[job].add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                left = self._waiting[job]
                left.discard(listener)
                if not left:
                    del self._waiting[job]
