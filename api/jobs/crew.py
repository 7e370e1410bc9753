"""Those who run jobs in this process, and the keeper who renews their leases."""

import logging
import os
import socket
import threading
import time
from collections.abc import Sequence

from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from api.jobs import figures, leases, runner
from api.jobs.store import Enqueue, Store

_log = logging.getLogger(__name__)
_HEARTBEAT_S = leases.LEASE_NS / 10**9 / 4


class Crew:
    """Runs leased jobs, each in the thread that calls `run`; renews and cancels all of them."""

    def __init__(self, store: Store, enqueue: Enqueue) -> None:
        self.name = f"{socket.gethostname()}/{os.getpid()}"
        self._store = store
        self._enqueue = enqueue
        self._lock = threading.Lock()
        # By lease: a job whose lease ran out may be here twice, and only one of them is held.
        self._running: dict[str, tuple[RowMapping, threading.Event]] = {}
        self._drain = threading.Event()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    @property
    def busy(self) -> int:
        """Jobs that run here now."""
        return len(self._running)

    @property
    def running(self) -> frozenset[str]:
        """The jobs that run here now."""
        with self._lock:
            return frozenset(row["id"] for row, _ in self._running.values())

    def start(self) -> None:
        """Begin to renew leases."""
        self._keeper.start()

    def drain(self) -> None:
        """Stop what runs and put it back into the queue, with the best plan it has."""
        with self._lock:
            self._drain.set()
            running = list(self._running.values())
        for _, cancel in running:
            cancel.set()

    def close(self) -> None:
        """End the keeper, when nothing runs any more."""
        self._over.set()
        self._keeper.join()

    def run(self, row: RowMapping) -> None:
        """Answer a leased job in this thread."""
        cancel = threading.Event()
        with self._lock:
            self._running[row["lease"]] = (row, cancel)
            if self._drain.is_set():  # it was taken while the others were told
                cancel.set()
        figures.begun(row)
        begun = time.perf_counter()
        try:
            with bound_contextvars(job=row["id"]):
                runner.run(self._store, row, cancel, self._drain, self._enqueue)
        finally:
            figures.ended(row, time.perf_counter() - begun)
            with self._lock:
                del self._running[row["lease"]]

    def cancel(self, job: str) -> bool:
        """Stop a job that runs here; False when it does not."""
        found = self._of(job)
        for _, cancel in found:
            cancel.set()
        return bool(found)

    def look(self, job: str) -> None:
        """See whether a job that runs here is to end: it has changed."""
        found = self._of(job)
        if found:
            self._renew(found)

    def _of(self, job: str) -> list[tuple[RowMapping, threading.Event]]:
        with self._lock:
            return [held for held in self._running.values() if held[0]["id"] == job]

    def _keep(self) -> None:
        while not self._over.wait(_HEARTBEAT_S):
            with self._lock:
                running = list(self._running.values())
            if running:
                self._renew(running)

    def _renew(self, running: Sequence[tuple[RowMapping, threading.Event]]) -> None:
        try:
            held = leases.renew(self._store, [row for row, _ in running])
        except SQLAlchemyError as error:
            # The leases have time for some more tries; then another takes the jobs over.
            _log.warning("could not renew the leases of %d jobs: %s", len(running), error)
            return
        for row, cancel in running:
            if held.get(row["lease"], True):
                cancel.set()
