"""The dispatcher of a single process: threads that take jobs from the table as they come."""

import logging
import threading

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from api.jobs import leases
from api.jobs.crew import Crew
from api.jobs.rounds import Rounds
from api.jobs.store import Store
from api.outage import is_away

_log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 1.0
_SWEEP_S = 1.0


class Embedded:
    """Slots in this process; one process owns the table, so that what it left running is known."""

    def __init__(self, store: Store, slots: int) -> None:
        self.slots = slots
        self._store = store
        self._crew = Crew(store, self.enqueue)
        self._work = threading.Condition()
        self._rung = 0
        self._over = False
        self._sweeper = Rounds("sweeper", self._sweep, _SWEEP_S)
        self._threads = [
            threading.Thread(target=self._serve, name=f"slot-{number}", daemon=True)
            for number in range(slots)
        ]

    @property
    def free(self) -> int:
        """Slots without a job."""
        return self.slots - self._crew.busy

    def run(self) -> None:
        """Queue again what a killed predecessor left running, and start the slots."""
        try:
            leases.release(self._store, self.enqueue)
        except SQLAlchemyError as error:
            if not is_away(error):
                raise
            # The sweeper finds them as soon as their leases have run out.
            _log.warning("what was left running waits for the database: %s", error)
        self._crew.start()
        self._sweeper.start()
        for thread in self._threads:
            thread.start()

    def enqueue(self, connection: Connection, row: RowMapping) -> None:
        """Nothing to add: the job's own row is the queue."""

    def ring(self, number: int = 1) -> None:
        """Jobs have been committed."""
        with self._work:
            self._rung += 1
            self._work.notify(number)

    def cancel(self, job: str) -> None:
        """Stop the job at once if it runs here."""
        self._crew.cancel(job)

    def health(self) -> str | None:
        """What is wrong, or None."""
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        return f"ended: {', '.join(dead)}" if dead else None

    def drain(self, grace_s: float) -> None:
        """Take no more jobs, stop those that run, and wait for their ends."""
        with self._work:
            self._over = True
            self._work.notify_all()
        self._crew.drain()
        for thread in self._threads:
            thread.join(grace_s)
        self._crew.close()
        self._sweeper.stop(grace_s)

    def _sweep(self) -> None:
        """End what has waited too long, and bring answers to the disk.

        Queue again the jobs whose ends could not be written; nobody runs them any more.
        """
        leases.expire(self._store)
        self._store.settle()
        again = leases.release(self._store, self.enqueue, lapsed=True, held=self._crew.running)
        if again:
            self.ring(again)

    def _serve(self) -> None:
        while not self._over:
            before = self._rung
            try:
                ran = self._serve_next()
            except SQLAlchemyError:
                _log.exception("the job table does not answer")
                ran = False
            if not ran:
                with self._work:
                    # What was committed since the look at the table has rung already.
                    if not self._over and self._rung == before:
                        self._work.wait(_LOOK_AGAIN_S)

    def _serve_next(self) -> bool:
        """Run the next job; False when none waits."""
        row = leases.take(self._store, self._crew.name)
        if row is not None:
            self._crew.run(row)
        return row is not None
