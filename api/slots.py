"""A bounded number of solves at once, each in a thread, stopped when nobody waits any more.

This is where a durable job service takes over: it has to offer `run`, and may queue what does not
fit instead of refusing it.
"""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from api.errors import ProblemError
from api.settings import SECOND_NS

T = TypeVar("T")


class Slots:
    """Counts the solves that run. All methods belong to the event loop's thread."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._limiter = CapacityLimiter(size)
        self._ends: dict[threading.Event, int] = {}

    @property
    def free(self) -> int:
        """Slots without a solve."""
        return self.size - len(self._ends)

    async def run(
        self, http: Request, solve: Callable[[threading.Event], T], time_limit_ns: int
    ) -> T:
        """What `solve` returns; the event it is given is set when the client has gone.

        Raises ProblemError (503) when no slot is free.
        """
        self.check_free()
        cancel = threading.Event()
        self._ends[cancel] = time.monotonic_ns() + time_limit_ns
        watcher = asyncio.create_task(_watch(http, cancel))
        try:
            return await to_thread.run_sync(partial(solve, cancel), limiter=self._limiter)
        finally:
            cancel.set()
            watcher.cancel()
            del self._ends[cancel]

    def cancel_all(self) -> None:
        """Make all solves end within their grace, with the best plan that they have."""
        for cancel in self._ends:
            cancel.set()

    def check_free(self) -> None:
        """Raises ProblemError (503), with the time after which to try again, when none is."""
        if self.free > 0:
            return
        left = min(self._ends.values()) - time.monotonic_ns()
        seconds = max(1, math.ceil(left / SECOND_NS))
        raise ProblemError(
            "no-free-slot",
            503,
            f"all {self.size} slots are solving; one is free in {seconds} s at the latest",
            headers={"Retry-After": str(seconds)},
        )


async def _watch(http: Request, cancel: threading.Event) -> None:
    """Set `cancel` when the client disconnects."""
    while (await http.receive())["type"] != "http.disconnect":
        pass
    cancel.set()
