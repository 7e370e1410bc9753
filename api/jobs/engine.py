"""The database: SQLite by default, PostgreSQL by URL; its tables are made current at the start."""

import fcntl
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

_log = logging.getLogger(__name__)
_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_MS = 10_000
# Of the write-ahead log, before whoever writes has to empty it; 40 MB.
_MOST_PAGES = 10_000
# So long a server or worker waits at its start for a database that does not answer, s.
_START_S = 30.0
_LOOK_AGAIN_S = 1.0
_BEGIN = "BEGIN IMMEDIATE"
_TURN = "SELECT pg_advisory_xact_lock(7307)"


class OwnedError(Exception):
    """Another server holds the SQLite file."""


def is_sqlite(url: str) -> bool:
    """Whether the jobs lie in a file that one process owns."""
    return make_url(url).get_backend_name() == "sqlite"


def connect(url: str) -> Engine:
    """An engine for a server or worker, with current tables.

    Raises OwnedError for an SQLite file that another server holds, ArgumentError for a bad URL,
    SQLAlchemyError when the database does not answer.
    """
    if not is_sqlite(url):
        return open_tables(url)
    lock = _own(_file(url))
    engine = open_tables(url)
    # The engine keeps the lock for as long as it lives.
    event.listen(engine, "engine_disposed", lambda _: os.close(lock))
    return engine


def open_tables(url: str) -> Engine:
    """An engine with current tables, beside whoever serves them."""
    if is_sqlite(url):
        _file(url)
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_MS / 1000})
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        migrate(engine)
        return engine
    engine = create_engine(
        url, pool_size=10, max_overflow=30, pool_pre_ping=True, hide_parameters=True
    )
    _await(engine)
    migrate(engine)
    _install_queue(engine)
    return engine


def _await(engine: Engine) -> None:
    """Return when the database answers: it may be starting, as we are. Raises OperationalError."""
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with engine.connect():
                return
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise
            _log.warning("waiting for the database: %s", error.orig)
            time.sleep(_LOOK_AGAIN_S)


def _file(url: str) -> str:
    path = make_url(url).database
    if not path:
        raise OwnedError("name a file: sqlite:///jobs.db")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # What customers ask is nobody else's on this host; SQLite's other files take this one's mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return path


def migrate(engine: Engine) -> None:
    """Bring the tables to the current revision; two servers that start at once take turns."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(_TURN)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _install_queue(engine: Engine) -> None:
    """PGQueuer's own tables; its upgrade and ours take turns under the same lock."""
    from api.jobs.tickets import install

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(_TURN)
        install(address)


def _own(path: str) -> int:
    """A lock on the file that the system takes back when this process ends, however it does."""
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise OwnedError(f"another server has {path} open; stop it, or name another file") from None
    return handle


def _begin(connection: Connection) -> None:
    """What may write locks at once, so that it never has to be repeated; reads are single queries.

    What a power cut may undo does not wait for the disk: a killed process undoes nothing.
    """
    options = connection.get_execution_options()
    if options.get("reads", False):
        return
    raw: Any = connection.connection.driver_connection
    waits = "NORMAL" if options.get("undoable", False) else "FULL"
    try:
        if connection.info.get("waits") != waits:
            raw.execute(f"PRAGMA synchronous={waits}")
            connection.info["waits"] = waits
        raw.execute(_BEGIN)
    except sqlite3.OperationalError as error:
        raise OperationalError(_BEGIN, None, error) from error


def _set_up(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, at its own time: _begin does.
    connection.isolation_level = None
    # A server brings the log to the disk every second; this is for who writes beside it.
    log = f"wal_autocheckpoint={_MOST_PAGES}"
    for pragma in ("journal_mode=WAL", f"busy_timeout={_BUSY_MS}", log):
        connection.execute(f"PRAGMA {pragma}")
