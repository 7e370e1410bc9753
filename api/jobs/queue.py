"""The table and its dispatcher, put together from the settings and taken apart at the end."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Engine

from api.jobs.courier import Courier
from api.jobs.dispatch import Dispatcher
from api.jobs.embedded import Embedded
from api.jobs.engine import connect
from api.jobs.retention import forget_old
from api.jobs.rounds import Rounds
from api.jobs.store import Store
from api.settings import Settings
from planner import pool

# What still solves at the end has this long to hand over its plan, s.
_GRACE_S = 3.0
_FORGET_EVERY_S = 60.0
_DAY_NS = 24 * 3600 * 10**9


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
        helpers = _helpers(store, settings)
        for helper in helpers:
            helper.start()
        try:
            with pool.warm(pool.for_slots(queue.dispatcher.slots)):
                yield queue
        finally:
            queue.drain()
            for helper in helpers:
                helper.stop()
            engine.dispose()


def _helpers(store: Store, settings: Settings) -> list[Courier | Rounds]:
    """What runs beside the jobs; two servers of one database do not hinder each other."""
    found: list[Courier | Rounds] = []
    if settings.webhook_secret is not None:
        secret = settings.webhook_secret.get_secret_value()
        found.append(Courier(store, secret, private=settings.webhook_private))
    if settings.retention_days > 0:
        forget = partial(forget_old, store, settings.retention_days * _DAY_NS)
        found.append(Rounds("retention", forget, _FORGET_EVERY_S))
    return found


def _dispatcher(store: Store, engine: Engine, settings: Settings) -> Dispatcher:
    if engine.dialect.name == "sqlite":
        return Embedded(store, settings.slots)
    from api.jobs.pgqueue import Sender

    return Sender(store, engine)
