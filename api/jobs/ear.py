"""Hears what other processes say about jobs: PostgreSQL's LISTEN, taken up again when it breaks."""

import logging
import threading
from collections.abc import Callable

import psycopg
from sqlalchemy import Engine

from api.jobs.bell import CHANNEL

_log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 1.0
# Nothing wakes a thread that waits for notices: this is how late it may see that it is over.
_HEAR_S = 0.2


class Ear:
    """A thread that calls `heard` with the id of every job that changes anywhere."""

    def __init__(self, engine: Engine, heard: Callable[[str], None]) -> None:
        self._address = engine.url.set(drivername="postgresql").render_as_string(
            hide_password=False
        )
        self._heard = heard
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)

    def open(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._hear(connection)
            except psycopg.Error as error:
                # Who waits looks again every second without us.
                _log.warning("the database does not talk: %s", error)
                self._over.wait(_LOOK_AGAIN_S)

    def _hear(self, connection: psycopg.Connection) -> None:
        while not self._over.is_set():
            for notice in connection.notifies(timeout=_HEAR_S):
                self._heard(notice.payload)
