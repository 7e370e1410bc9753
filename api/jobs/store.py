"""The job table: the one truth about what was asked and answered, on SQLite or PostgreSQL.

Every change of a job raises its `version` (the ETag) and rings the bell, which wakes those who wait
for it in this process; others look again every second at the latest.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    and_,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError

from api.jobs import statements
from api.jobs.bell import Bell, say
from api.jobs.nouns import TERMINAL, JobState, Operation
from api.jobs.schema import deliveries, events, jobs

_WAITING = JobState.QUEUED.value
# Brings a job that waits to those who run jobs, in the transaction that makes it wait.
Enqueue = Callable[[Connection, RowMapping], None]
ACTIVE = (JobState.RUNNING.value, JobState.CANCELLING.value)


@dataclass(frozen=True)
class NewJob:
    """What is needed to queue a job; `request` is the canonical JSON of its request.

    cache_key: equal for jobs with equal answers; body_hash: of what the client sent, for the
    idempotency key; expires_ns: instant after which it does not start any more; afresh: whether to
    solve even what has been answered before.
    """

    owner: str
    operation: Operation
    kind: str
    unit: str
    request: str
    cache_key: str
    body_hash: str
    priority: int = 5
    idempotency_key: str | None = None
    expires_ns: int | None = None
    revision_of: str | None = None
    batch: str | None = None
    label: str | None = None
    webhook: str | None = None
    afresh: bool = False


class KeyReusedError(Exception):
    """An idempotency key came with another body than before."""


class TooManyError(Exception):
    """As many jobs wait as may."""


class Store:
    """Reads and changes jobs; all methods may be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reads = engine.execution_options(reads=True)
        self._undoable = engine.execution_options(undoable=True)
        # SQLite has one writer at a time, and who has to wait sleeps and looks again, in no order:
        # under load some would never get their turn.
        self._one_writer = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[object] = (
            threading.Lock() if self._one_writer else nullcontext()
        )
        self.bell = Bell()
        # Jobs of which nobody has been told yet, beside whoever waits for the answer. Changed when
        # it is one's turn.
        self._unpromised: set[str] = set()

    @contextmanager
    def begin(self, *, undoable: bool = False, of: str | None = None) -> Iterator[Connection]:
        """A transaction; undoable: a power cut may undo it, so it need not wait for the disk.

        of: a job that ends by it: undoable while nobody has been promised that.
        """
        with self._turn:
            undoable = undoable or of in self._unpromised
            engine = self._undoable if undoable else self._engine
            with engine.begin() as connection:
                yield connection

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that changes nothing."""
        return self._reads.begin()

    def submit(
        self,
        asked: Sequence[NewJob],
        max_waiting: int,
        enqueue: Enqueue,
        *,
        promised: bool = True,
    ) -> list[RowMapping]:
        """The jobs of what is asked, all or none: a known idempotency key gives its old job.

        A job whose question has been answered for good is done at once, with that answer; one that
        waits is given to `enqueue` in the transaction. promised: whether they survive a power cut
        from now on; else `promise` sees to it. Raises KeyReusedError, and TooManyError when
        `max_waiting` jobs of the owner would wait.
        """
        try:
            return self._submit(asked, max_waiting, enqueue, promised=promised)
        except IntegrityError:
            # Two requests with one key at the same time: the other one was first, and is known now.
            return self._submit(asked, max_waiting, enqueue, promised=promised)

    def promise(self, job: str) -> None:
        """Return when a power cut undoes neither the job's submission nor what it did since."""
        if not self._one_writer:
            return  # every submission waits for the disk there
        with self.begin() as connection:
            self._unpromised.discard(job)
            # SQLite waits for the disk only where something is written, which is all before it too.
            connection.execute(statements.TOUCH, {"job": job})

    def settle(self) -> None:
        """Bring to the disk what a power cut could undo, in nobody's way.

        SQLite would do so by itself now and then, at the end of somebody's transaction.
        """
        if self._one_writer:
            with self.reading() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def _submit(
        self,
        asked: Sequence[NewJob],
        max_waiting: int,
        enqueue: Enqueue,
        *,
        promised: bool,
    ) -> list[RowMapping]:
        rows = []
        with self.reading() as connection:
            answers = [None if new.afresh else self._answered(connection, new) for new in asked]
        with self.begin(undoable=not promised) as connection:
            # SQLite has one writer at a time, whoever asks.
            if connection.dialect.name == "postgresql" and None in answers:
                for owner in sorted({new.owner for new in asked}):
                    connection.execute(statements.ALONE, {"owner": owner})
            for new, answer in zip(asked, answers, strict=True):
                row = self._of_key(connection, new)
                if row is None:
                    row = self._insert(connection, new, answer, max_waiting)
                    if row["state"] == _WAITING:
                        enqueue(connection, row)
                        if not promised and self._one_writer:
                            self._unpromised.add(row["id"])
                rows.append(row)
        return rows

    def of_key(self, owner: str, key: str) -> RowMapping | None:
        """The job that an owner gave a key to."""
        with self.reading() as connection:
            same = {"owner": owner, "key": key}
            return connection.execute(statements.OF_KEY, same).mappings().one_or_none()

    @staticmethod
    def _of_key(connection: Connection, new: NewJob) -> RowMapping | None:
        if new.idempotency_key is None:
            return None
        same = {"owner": new.owner, "key": new.idempotency_key}
        row = connection.execute(statements.OF_KEY, same).mappings().one_or_none()
        if row is not None and row["body_hash"] != new.body_hash:
            raise KeyReusedError
        return row

    def _insert(
        self,
        connection: Connection,
        new: NewJob,
        answered: Mapping[str, Any] | None,
        max_waiting: int,
    ) -> RowMapping:
        now = time.time_ns()
        values: dict[str, Any] = {
            **{name: value for name, value in vars(new).items() if name != "afresh"},
            "id": secrets.token_hex(16),
            "operation": new.operation.value,
            "state": _WAITING,
            "submitted_ns": now,
        }
        if answered is not None:
            values |= {"state": JobState.DONE.value, "finished_ns": now, **answered}
        elif self._waiting(connection, new.owner) >= max_waiting:
            raise TooManyError
        row = connection.execute(statements.INSERT_JOB, values).mappings().one()
        self.add_state(connection, row)
        return row

    @staticmethod
    def _answered(connection: Connection, new: NewJob) -> dict[str, Any] | None:
        """What a job with the same question established; its result is good for all of them."""
        key = {"key": new.cache_key}
        row = connection.execute(statements.ANSWERED, key).mappings().first()
        return None if row is None else dict(row)

    @staticmethod
    def _waiting(connection: Connection, owner: str) -> int:
        found: int = connection.execute(statements.WAITING, {"owner": owner}).scalar_one()
        return found

    def get(self, job: str, owner: str | None) -> RowMapping | None:
        """A job by id; None where there is none, or it is another owner's (None: anyone's)."""
        query = statements.GET if owner is None else statements.GET_OWN
        with self.reading() as connection:
            found = connection.execute(query, {"job": job, "owner": owner})
            return found.mappings().one_or_none()

    def page(
        self,
        owner: str | None,
        *,
        state: str | None = None,
        batch: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[RowMapping]:
        """Jobs from the latest to the earliest, of one owner, state and batch where given."""
        query = select(jobs).order_by(jobs.c.number.desc()).limit(limit)
        given = {"owner": owner, "state": state, "batch": batch}
        for name, value in given.items():
            if value is not None:
                query = query.where(jobs.c[name] == value)
        if before is not None:
            query = query.where(jobs.c.number < before)
        with self.reading() as connection:
            return list(connection.execute(query).mappings())

    def position(self, row: RowMapping) -> int | None:
        """1 for the job that starts next; None for one that does not wait."""
        return self.positions([row]).get(row["id"])

    def positions(self, rows: Sequence[RowMapping]) -> dict[str, int]:
        """The places in the queue of those that wait, by id; 1 starts next."""
        waiting = [row["id"] for row in rows if row["state"] == _WAITING]
        if not waiting:
            return {}
        with self.reading() as connection:
            places = connection.execute(statements.PLACES, {"jobs": waiting})
            found = {row.id: row.place for row in places}
        # One that is missing has begun since its row was read.
        return {job: found.get(job, 1) for job in waiting}

    def counts(self) -> dict[str, int]:
        """State -> number of jobs."""
        query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        with self.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def cancel(self, job: str) -> RowMapping | None:
        """Ask a job to end and keep what it has; one that waits ends at once."""
        with self.begin() as connection:
            ended = {"state": JobState.CANCELLED.value, "finished_ns": time.time_ns()}
            row = self.change(connection, job, (_WAITING,), ended)
            if row is None:
                asked = {"state": JobState.CANCELLING.value, "cancel_requested": True}
                row = self.change(connection, job, (JobState.RUNNING.value,), asked)
            if row is not None:
                self.add_state(connection, row)
        if row is not None:
            self.bell.ring(job, row)
        return row

    def forget(self, job: str) -> bool:
        """Delete a job that has ended; False where there is none."""
        ended = [state.value for state in TERMINAL]
        with self.begin() as connection:
            gone = delete(jobs).where(jobs.c.id == job, jobs.c.state.in_(ended))
            if connection.execute(gone).rowcount == 0:
                return False
            connection.execute(delete(events).where(events.c.job == job))
            connection.execute(delete(deliveries).where(deliveries.c.job == job))
        return True

    def events(self, job: str, after: int) -> list[dict[str, Any]]:
        """The events behind number `after`, in order."""
        behind = and_(events.c.job == job, events.c.seq > after)
        query = select(events.c.seq, events.c.data).where(behind).order_by(events.c.seq)
        with self.reading() as connection:
            return [{"seq": seq, **json.loads(data)} for seq, data in connection.execute(query)]

    @staticmethod
    def change(
        connection: Connection,
        job: str,
        states: tuple[str, ...],
        values: Mapping[str, Any],
        lease: str | None = None,
    ) -> RowMapping | None:
        """Change a job that is in one of the states, under its lease where one is given.

        None where it is not: the fence that lets one of two workers write the end of a job.
        """
        changing = statements.changing(tuple(values), states, leased=lease is not None)
        given = {"job": job, **{f"to_{name}": to for name, to in values.items()}}
        if lease is not None:
            given["held"] = lease
        return connection.execute(changing, given).mappings().one_or_none()

    def add_state(self, connection: Connection, row: RowMapping) -> None:
        """Append the state of a job to its list; at its end, whom to tell is noted as well."""
        self.add_events(connection, row, [{"what": "state", "state": row["state"]}])
        if row["state"] not in TERMINAL:
            return
        self._unpromised.discard(row["id"])
        if row["webhook"] is not None:
            due = {"job": row["id"], "url": row["webhook"], "next_ns": time.time_ns()}
            connection.execute(insert(deliveries).values(due))

    @staticmethod
    def add_events(
        connection: Connection, row: RowMapping, told: Sequence[Mapping[str, Any]]
    ) -> None:
        """Append events to a job's list, and let those who wait for it know."""
        at_ns = time.time_ns() - row["submitted_ns"]
        rows = [{"job": row["id"], "data": json.dumps({"at_ns": at_ns, **data})} for data in told]
        if rows:
            connection.execute(statements.INSERT_EVENT, rows)
        say(connection, row["id"])
