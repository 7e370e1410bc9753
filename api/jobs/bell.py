"""Wakes those who wait for a job; a bell that is not heard costs a second, never an answer."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

CHANNEL = "edgeplan_jobs"
_LOOK_AGAIN_S = 1.0


def say(connection: Connection, job: str) -> None:
    """Tell all processes that a job changes, once the transaction is through."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, job)))


class Bell:
    """One bell for all jobs of a process. Rung from any thread, heard in event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def ring(self, job: str) -> None:
        """Wake everyone who waits for the job."""
        with self._lock:
            woken = self._waiting.pop(job, set())
        for future in woken:
            future.get_loop().call_soon_threadsafe(_wake, future)

    @contextmanager
    def listening(self, job: str) -> Iterator["asyncio.Future[None]"]:
        """A future that the next ring completes; take it before the look at the job."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._lock:
            self._waiting[job].add(future)
        try:
            yield future
        finally:
            with self._lock:
                heard = self._waiting.get(job)
                if heard is not None:
                    heard.discard(future)
                    if not heard:
                        del self._waiting[job]


async def heard(future: "asyncio.Future[None]", timeout_s: float) -> None:
    """Wait for the ring, the timeout or a second, whichever is first."""
    await asyncio.wait([future], timeout=min(timeout_s, _LOOK_AGAIN_S))


def _wake(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
