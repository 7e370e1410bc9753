"""How a worker takes a job, reports, and writes its end: always under its lease.

A lease is a random word that a worker writes into the job it takes. A job whose
lease has run out is queued again, and taken with another word; what the former worker writes later
finds no row. So a job is run at least once, and ends exactly once.
"""

import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, select, update

from api.jobs import statements
from api.jobs.nouns import JobState
from api.jobs.schema import jobs
from api.jobs.store import ACTIVE, Enqueue, Store

# Renewed four times in that time, all of a process at once: a machine so busy that three renewals
# fail keeps its jobs. Whoever sweeps does so twice a second, so that a dead worker's job runs
# elsewhere within five seconds.
LEASE_NS = 3 * 10**9

# Leases of many hosts are measured by one clock, the database's: a host whose own is fast would
# take every job away from the others, again and again.
_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint"


def _now_ns(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":  # one process, one clock
        return time.time_ns()
    found: int = connection.exec_driver_sql(_CLOCK).scalar_one()
    return found


def take(store: Store, worker: str) -> RowMapping | None:
    """The next job in the queue, now leased to `worker`; None when none waits."""
    with store.begin(undoable=True) as connection:
        now = _now_ns(connection)
        found = connection.execute(statements.NEXT, {"now": now}).scalar_one_or_none()
        if found is None:
            return None
        lease = f"{worker}/{secrets.token_hex(8)}"
        held = {"job": found, "now": now, "to_lease": lease, "to_until": now + LEASE_NS}
        row = connection.execute(statements.TAKE, held).mappings().one_or_none()
        if row is not None:
            store.add_state(connection, row)
    if row is not None:
        store.bell.ring(row["id"], row)
    return row


def renew(store: Store, held: Collection[RowMapping]) -> dict[str, bool]:
    """Hold on to jobs for another lease; of those still ours, lease -> whether it is to end."""
    ours = jobs.c.lease.in_([row["lease"] for row in held])
    with store.begin(undoable=True) as connection:
        if connection.dialect.name == "postgresql":
            # A disk that is slow for a while must not cost leases; a power cut may undo a renewal.
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
        until = {"lease_until_ns": _now_ns(connection) + LEASE_NS}
        changed = update(jobs).where(ours, jobs.c.state.in_(ACTIVE)).values(**until)
        found = connection.execute(changed.returning(jobs.c.lease, jobs.c.cancel_requested))
        return {row.lease: row.cancel_requested for row in found}


def report(
    store: Store, row: RowMapping, told: Sequence[Mapping[str, Any]], found: Mapping[str, Any]
) -> bool:
    """Record events and what is known so far; False when the job is not ours any more."""
    with store.begin(undoable=True) as connection:
        changed = store.change(connection, row["id"], ACTIVE, found, row["lease"])
        if changed is None:
            return False
        store.add_events(connection, changed, told)
    store.bell.ring(row["id"], changed)
    return True


def finish(
    store: Store,
    row: RowMapping,
    state: JobState,
    values: Mapping[str, Any],
    told: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Write the end of a job once; False when another has done so, or holds it now.

    told: events that came before the end and are not recorded yet.
    """
    ended = {**values, "state": state.value, "finished_ns": time.time_ns()}
    with store.begin(of=row["id"]) as connection:
        changed = store.change(connection, row["id"], ACTIVE, ended, row["lease"])
        if changed is None:
            return False
        store.add_events(connection, changed, told)
        store.add_state(connection, changed)
    store.bell.ring(row["id"], changed)
    return True


def put_back(store: Store, row: RowMapping, enqueue: Enqueue) -> bool:
    """Queue a job again that this worker cannot end; the attempt does not count."""
    waits = {
        "state": JobState.QUEUED.value,
        "lease": None,
        "lease_until_ns": None,
        "attempt": row["attempt"] - 1,
    }
    with store.begin() as connection:
        changed = store.change(
            connection, row["id"], (JobState.RUNNING.value,), waits, row["lease"]
        )
        if changed is not None:
            store.add_state(connection, changed)
            enqueue(connection, changed)
    return changed is not None


def expire(store: Store) -> int:
    """End the jobs that have waited longer than they were willing to; how many."""
    with store.reading() as connection:
        now = _now_ns(connection)
        found = list(connection.execute(statements.LATE, {"now": now}).scalars())
    if not found:
        return 0
    with store.begin() as connection:
        for job in found:
            ended = {"state": JobState.EXPIRED.value, "finished_ns": now}
            row = store.change(connection, job, (JobState.QUEUED.value,), ended)
            if row is not None:
                store.add_state(connection, row)
    for job in found:
        store.bell.ring(job)
    return len(found)


def release(
    store: Store, enqueue: Enqueue, *, lapsed: bool = False, held: Collection[str] = ()
) -> int:
    """Queue again what is leased, or only that whose lease has run out; how many.

    held: jobs that are known to run, though nobody could renew their leases.
    """
    left: ColumnElement[bool] = jobs.c.state.in_(ACTIVE)
    with store.begin() as connection:
        if lapsed:
            left = and_(left, jobs.c.lease_until_ns < _now_ns(connection))
        if held:
            left = and_(left, jobs.c.id.not_in(held))
        query = select(jobs.c.id, jobs.c.lease).where(left).with_for_update(skip_locked=True)
        found = list(connection.execute(query))
        for job, lease in found:
            again = {"state": JobState.QUEUED.value, "lease": None, "lease_until_ns": None}
            row = store.change(connection, job, ACTIVE, again, lease)
            if row is not None:
                store.add_state(connection, row)
                enqueue(connection, row)
    for job, _ in found:
        store.bell.ring(job)
    return len(found)


def plan_of(row: RowMapping) -> dict[str, Any] | None:
    """The last verified plan of a job, as plain data."""
    found: dict[str, Any] | None = None if row["plan"] is None else json.loads(row["plan"])
    return found
