"""Tickets: PGQueuer's rows, of which each makes some worker take a job."""

import asyncio
from typing import Any

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.queries import Queries, SyncQueries
from pgqueuer.ports.driver import SyncDriver
from psycopg import RawCursor
from psycopg.rows import dict_row
from sqlalchemy import Connection, RowMapping, select
from sqlalchemy.exc import OperationalError

from api.jobs.nouns import JobState
from api.jobs.schema import jobs
from api.jobs.store import Store

ENTRYPOINT = "job"
_SWEEPING = "SELECT pg_try_advisory_xact_lock(7308)"
_TICKETS = "SELECT count(*) FROM pgqueuer WHERE status = 'queued'"
# PGQueuer notes three steps of every ticket, for its own statistics; nobody here looks at them.
_FORGETTING = (
    "DELETE FROM pgqueuer_log WHERE created < now() - interval '1 hour'",
    "DELETE FROM pgqueuer_statistics WHERE created < now() - interval '1 hour'",
)


def write(connection: Connection, row: RowMapping) -> None:
    """Make some worker take a job, when the transaction is through."""
    queries = SyncQueries(_Ours(connection))
    queries.enqueue(ENTRYPOINT, None, priority=row["priority"])


def write_missing(store: Store) -> None:
    """A ticket for every waiting job whose own was lost with a worker or a connection.

    One too many costs a look at the table.
    """
    waiting = jobs.c.state == JobState.QUEUED.value
    with store.begin() as connection:
        if not connection.exec_driver_sql(_SWEEPING).scalar_one():
            return  # another worker sees to it
        tickets = connection.exec_driver_sql(_TICKETS).scalar_one()
        query = select(jobs).where(waiting).order_by(jobs.c.priority.desc(), jobs.c.number)
        for row in connection.execute(query.offset(tickets)).mappings():
            write(connection, row)


def forget(store: Store) -> None:
    """Delete what PGQueuer noted of tickets that are long gone; it never does itself."""
    with store.begin(undoable=True) as connection:
        for deleting in _FORGETTING:
            connection.exec_driver_sql(deleting)


class _Ours(SyncDriver):
    """PGQueuer's statements inside a transaction of SQLAlchemy."""

    def __init__(self, connection: Connection) -> None:
        self._raw: Any = connection.connection.driver_connection

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        cursor = RawCursor(self._raw, row_factory=dict_row)
        try:
            cursor.execute(query.encode(), args or None)
            return cursor.fetchall()
        except psycopg.OperationalError as error:
            raise OperationalError(query, args, error) from error


def install(address: str) -> None:
    """Create PGQueuer's tables, or bring them up to date."""

    async def go() -> None:
        connection = await psycopg.AsyncConnection.connect(address, autocommit=True)
        async with connection:
            queries = Queries(PsycopgDriver(connection))
            if await queries.schema_is_installed():
                await queries.upgrade()
            else:
                await queries.install()

    asyncio.run(go())
