"""The dispatcher of many processes: PGQueuer on PostgreSQL brings jobs to workers.

The row of the job and its ticket in PGQueuer's table are committed together. A ticket says that a
job waits, not which: whoever holds one takes the first of the queue. A worker that dies renews its
leases no more, and the others queue its jobs again, each with a ticket.
"""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as Ticket
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from api.jobs import leases, lines, tickets
from api.jobs.crew import Crew
from api.jobs.ear import Ear
from api.jobs.rounds import Rounds
from api.jobs.store import Store

_log = logging.getLogger(__name__)
_HEARTBEAT = timedelta(microseconds=leases.LEASE_NS / 1000)
_LOOK_AGAIN = timedelta(seconds=1)
_NO_DATABASE_S = 1.0
_SWEEP_S = 0.5
_SERVER_SWEEP_S = 2.0
# A worker holds this lock for as long as it is connected, so that servers see that there is one.
_PRESENT = "SELECT pg_advisory_lock_shared(7310, 0)"
_WORKERS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 7310 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_FORGET_EVERY_S = 60.0


class Sender:
    """Queues jobs for workers elsewhere; runs none itself."""

    slots = 0
    free = 0

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._ear = Ear(engine, store.bell.ring)
        self._rounds = Rounds("sweeper", Sweeper(store).go, _SERVER_SWEEP_S)

    def run(self) -> None:
        """Begin to hear what workers do, and to see to the jobs of those that are gone."""
        self._ear.open()
        self._rounds.start()

    def enqueue(self, connection: Connection, row: RowMapping) -> None:
        """Write a ticket in the transaction that makes the job wait."""
        tickets.write(connection, row)

    def ring(self, number: int = 1) -> None:
        """Nothing to add: PGQueuer's trigger has told the workers."""

    def cancel(self, job: str) -> None:
        """Nothing to add: the worker hears that the job has changed."""

    def health(self) -> str | None:
        """That no worker is connected: jobs would wait for one. Raises SQLAlchemyError."""
        with self._store.reading() as connection:
            workers: int = connection.exec_driver_sql(_WORKERS).scalar_one()
        return None if workers else "no worker is connected; start one with 'edgeplan worker'"

    def drain(self, grace_s: float) -> None:
        """Stop hearing and sweeping."""
        self._rounds.stop(grace_s)
        self._ear.close()


class Sweeper:
    """Sees to the jobs of workers that are gone; every worker and server has one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._blind_until = 0.0
        self._forget_at = 0.0

    def go(self) -> None:
        """Queue again what dead workers held, and end what has waited too long."""
        try:
            leases.expire(self._store)
            tickets.write_missing(self._store)
            if time.monotonic() >= self._forget_at:
                self._forget_at = time.monotonic() + _FORGET_EVERY_S
                tickets.forget(self._store)
            if time.monotonic() >= self._blind_until:
                leases.release(self._store, tickets.write, lapsed=True)
        except SQLAlchemyError as error:
            _log.warning("could not sweep the table of jobs: %s", error)
            # Nobody could renew a lease while the database was away: they get the time to.
            self._blind_until = time.monotonic() + leases.LEASE_NS / 10**9


class Worker:
    """Takes jobs from PGQueuer into slots of this process; `run` blocks until `drain`."""

    def __init__(self, store: Store, engine: Engine, slots: int) -> None:
        self.slots = slots
        self._store = store
        self._address = engine.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        self._crew = Crew(store, tickets.write)
        self._ear = Ear(engine, self._crew.look)
        # Threads of its own: a job must not keep those waiting that hold its lease.
        self._slots = ThreadPoolExecutor(slots, "slot")
        self._over = threading.Event()
        self._sweeper = Sweeper(store)
        self._rounds = Rounds("sweeper", self._sweep, _SWEEP_S)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._manager: QueueManager | None = None

    @property
    def free(self) -> int:
        """Slots without a job."""
        return self.slots - self._crew.busy

    def run(self) -> None:
        """Work until told to stop; a database that goes away is waited for."""
        self._crew.start()
        self._ear.open()
        self._rounds.start()
        asyncio.run(self._work())
        self._rounds.stop()
        self._slots.shutdown()
        self._ear.close()
        self._crew.close()

    def drain(self) -> None:
        """Take no more jobs, and put those that run back with what they have; from any thread."""
        self._over.set()
        self._crew.drain()
        if self._loop is not None and self._manager is not None:
            self._loop.call_soon_threadsafe(self._manager.shutdown.set)

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._over.is_set():
            try:
                await self._until_broken()
            except Exception as error:  # noqa: BLE001  # whatever PGQueuer makes of a lost database
                _log.warning("the queue is away: %s: %s", type(error).__name__, error)
                await asyncio.sleep(_NO_DATABASE_S)

    async def _until_broken(self) -> None:
        async with lines.opened(self._address) as driver:
            await driver.execute(_PRESENT)
            self._manager = QueueManager(Queries(driver))
            self._manager.entrypoint(tickets.ENTRYPOINT)(self._handle)
            if self._over.is_set():
                return
            await self._manager.run(
                dequeue_timeout=_LOOK_AGAIN,
                batch_size=1,
                max_concurrent_tasks=max(2, self.slots),
                heartbeat_timeout=_HEARTBEAT,
                shutdown_on_listener_failure=True,
            )

    def _sweep(self) -> None:
        """Queue again what dead workers held, and end what has waited too long.

        Then look for jobs without a ticket in hand: one may take a second or two to be heard of.
        """
        self._sweeper.go()
        for _ in range(self.free):
            self._slots.submit(self._answer_next)

    async def _handle(self, _: Ticket) -> None:
        loop = asyncio.get_running_loop()
        if not await loop.run_in_executor(self._slots, self._answer_next):
            raise RetryRequested(timedelta(0), "this worker ends")

    def _answer_next(self) -> bool:
        """Run the next job of the queue, if one is left; False when this worker takes no more."""
        if self._over.is_set():
            return False
        try:
            row = leases.take(self._store, self._crew.name)
            if row is not None:
                self._crew.run(row)
        except SQLAlchemyError as error:
            # The ticket may be lost: the sweep writes another for a job that still waits.
            _log.warning("a job waits for the database: %s", error)
        return True
