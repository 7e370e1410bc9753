"""The table and its dispatcher, put together from the settings and taken apart at the end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from api.jobs.dispatch import Dispatcher
from api.jobs.embedded import Embedded
from api.jobs.engine import connect
from api.jobs.store import Store
from api.settings import Settings

# What still solves at the end has this long to hand over its plan, s.
_GRACE_S = 3.0


class Queue:
    """The jobs of this process; draining: whether it takes no more."""

    def __init__(self, store: Store, dispatcher: Dispatcher) -> None:
        self.store = store
        self.dispatcher = dispatcher
        self.draining = False

    def drain(self) -> None:
        """Stop all; what is not answered for good is put back into the queue."""
        self.draining = True
        self.dispatcher.drain(_GRACE_S)


@contextmanager
def opened(settings: Settings) -> Iterator[Queue]:
    """A running queue. Raises OwnedError, SQLAlchemyError when the database is not to be had."""
    with tempfile.TemporaryDirectory(prefix="edgeplan-") as folder:
        # Without a database the jobs last as long as the process.
        url = settings.db or f"sqlite:///{Path(folder) / 'jobs.db'}"
        engine = connect(url)
        store = Store(engine)
        queue = Queue(store, _dispatcher(store, engine, settings))
        queue.dispatcher.run()
        try:
            yield queue
        finally:
            queue.drain()
            engine.dispose()


def _dispatcher(store: Store, engine: Engine, settings: Settings) -> Dispatcher:
    if engine.dialect.name == "sqlite":
        return Embedded(store, settings.slots)
    from api.jobs.pgqueue import Sender

    return Sender(store, engine)
