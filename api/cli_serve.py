"""edgeplan serve and worker: the HTTP service, and those who run its jobs elsewhere."""

import logging
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from api import fork_server, keys, logs
from api.cli_status import Status
from api.jobs import figures
from api.jobs.engine import OwnedError, connect, is_sqlite
from api.jobs.queue import Queue, opened
from api.jobs.store import Store
from api.settings import Settings
from models.documents import field_errors
from planner import pool

_log = logging.getLogger(__name__)
# Requests that wait for a solve have this long, after it was stopped, to be answered, s.
_GRACE_S = 5


def settings_of(options: dict[str, Any]) -> Settings:
    """Settings from options, which stand above the environment.

    Without a database the jobs are kept in a file of the user's. Raises BadParameter.
    """
    try:
        settings = Settings(**options)
    except ValidationError as error:
        fault = field_errors(error.errors(include_url=False))[0]
        name = fault.pointer.strip("/")
        hint = f"--{name}" if name in options else f"EDGEPLAN_{name.upper()}" if name else None
        raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint=hint) from None
    if settings.db is not None:
        _check_url(settings.db)
    if settings.db is None:
        return settings.model_copy(update={"db": f"sqlite:///{_state_folder() / 'jobs.db'}"})
    return settings


def _check_url(db: str) -> None:
    """Raises BadParameter for what is no URL of a database, such as the path of a file."""
    try:
        make_url(db)
    except ArgumentError:
        reason = f"'{db}' is no URL of a database; write sqlite:///FILE"
        if db.startswith("/") or "://" not in db:
            reason += f", here sqlite:///{db}"
        raise typer.BadParameter(reason, param_hint="--db") from None


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("edgeplan", ensure_exists=True)


def serve(options: dict[str, Any]) -> Status:
    """Answer HTTP until it is told to stop. Raises BadParameter."""
    settings = settings_of(options)
    logs.install(settings)
    fork_server.start(fork_server.methods())
    # What a killed predecessor left would pay for the imports out of its own time limit.
    fork_server.warm_up()
    # Jobs run before uvicorn listens to signals, and after: they are handed over then, too. An
    # interrupt would come out of an import as whatever that makes of it.
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        with opened(settings) as queue:
            if settings.require_keys and not keys.listed(queue.store):
                words = "keys are required, and there is none: 'edgeplan keys add NAME' makes one"
                raise typer.BadParameter(words)
            return _listen(settings, queue, told)
    except OwnedError as error:
        raise typer.BadParameter(str(error), param_hint="--db") from None
    except SQLAlchemyError as error:
        return _no_database(error)
    except KeyboardInterrupt:  # the queue is drained
        return Status.DONE


def worker(options: dict[str, Any]) -> Status:
    """Run the jobs of a PostgreSQL database until told to stop."""
    settings = settings_of(options)
    url = settings.db or ""
    if is_sqlite(url):
        words = "workers share a PostgreSQL database: --db postgresql+psycopg://user@host/name"
        raise typer.BadParameter(f"{words} (an SQLite file is served by its own server)")
    from api.jobs.pgqueue import Worker

    logs.install(settings)
    if settings.metrics_port is not None:
        figures.serve(settings.host, settings.metrics_port)
    fork_server.start(fork_server.methods())
    try:
        engine = connect(url)
    except SQLAlchemyError as error:
        return _no_database(error)
    # A first job would pay for the imports out of its own time limit.
    fork_server.warm_up()
    crew = Worker(Store(engine), engine, settings.slots)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: crew.drain())
    _log.info("%d slots wait for jobs", settings.slots)
    with pool.warm(pool.for_slots(settings.slots)):
        crew.run()
    engine.dispose()
    return Status.DONE


def _no_database(error: Exception) -> Status:
    sys.stderr.write(f"edgeplan: the database does not answer: {error}\n")
    return Status.INTERNAL


def _listen(settings: Settings, queue: Queue, told: threading.Event) -> Status:
    import uvicorn
    from anyio import to_thread

    from api.app import create_app

    class Server(uvicorn.Server):
        """Hands over what its solves have found before it goes, which may be at once."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.should_exit = self.should_exit or told.is_set()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await to_thread.run_sync(queue.drain)
            await super().shutdown(sockets)

    application = create_app(settings, queue)
    server = Server(
        uvicorn.Config(
            application,
            host=settings.host,
            port=settings.port,
            server_header=False,
            log_config=None,
            access_log=False,  # /metrics counts; a proxy in front writes one
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    try:
        server.run()  # raises the signal again when it has shut down
    except SystemExit:  # it could not listen, and has logged why
        return Status.INTERNAL
    return Status.DONE if server.started else Status.INTERNAL
