"""Tells the ends of jobs to those who asked for it: signed, tried again, across restarts.

A delivery is a row that is committed with the end of its job. Before each try the row is moved to
the time of the next one, so that no two servers try at once, and a server that dies in between
loses nothing: a webhook is called at least once.
"""

import hashlib
import hmac
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from sqlalchemy import Connection, RowMapping, delete, select, update

from api.jobs.address import ForbiddenError, Target, target
from api.jobs.post import PATIENCE_S, post
from api.jobs.rounds import Rounds
from api.jobs.rows import noun
from api.jobs.schema import deliveries
from api.jobs.store import Store
from api.version import installed

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_AT_ONCE = 8
_FIRST_PAUSE_NS = 5 * 10**9
_LONGEST_PAUSE_NS = 3600 * 10**9
# With these pauses the last try is about six hours after the first.
MAX_TRIES = 16
NEVER = 2**62
_GONE = 410


def pause_ns(tries: int) -> int:
    """From a try to the next: doubled each time, an hour at most. tries: made so far, ≥ 1."""
    return min(_FIRST_PAUSE_NS << (tries - 1), _LONGEST_PAUSE_NS)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) over `timestamp.body`, so that neither can be exchanged alone."""
    text = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class Courier:
    """Delivers what is due; private: whether addresses that are not public are allowed."""

    def __init__(self, store: Store, secret: str, *, private: bool) -> None:
        self._store = store
        self._secret = secret
        self._private = private
        self._rounds = Rounds("courier", self.deliver, _LOOK_S)

    def start(self) -> None:
        """Begin to look for what is due."""
        self._rounds.start()

    def stop(self) -> None:
        """End; what is not delivered stays due."""
        self._rounds.stop(PATIENCE_S)

    def deliver(self) -> None:
        """Try once whatever is due now."""
        while due := self._take():
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(self._try, due))

    def _take(self) -> list[RowMapping]:
        """Some deliveries, each moved to its next try and counted."""
        query = select(deliveries).where(deliveries.c.next_ns <= time.time_ns())
        query = query.order_by(deliveries.c.next_ns).limit(_AT_ONCE)
        with self._store.reading() as connection:
            if connection.execute(query).first() is None:
                return []
        with self._store.begin() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
            for row in found:
                later = time.time_ns() + pause_ns(row["tries"] + 1)
                _set(connection, row, tries=row["tries"] + 1, next_ns=later)
        return list(found)

    def _try(self, delivery: RowMapping) -> None:
        job = self._store.get(delivery["job"], None)
        if job is None:
            return  # forgotten, and its deliveries with it
        body = noun(job).model_dump_json().encode()
        try:
            to = target(delivery["url"], private=self._private)
            status = self._post(to, delivery["job"], body)
            fault = None if 200 <= status < 300 else f"it answered {status}"
        except ForbiddenError as error:
            status, fault = _GONE, str(error)
        except (OSError, HTTPException) as error:
            status, fault = 0, f"{type(error).__name__}: {error}"
        self._note(delivery, status, fault)

    def _note(self, delivery: RowMapping, status: int, fault: str | None) -> None:
        job, tries = delivery["job"], delivery["tries"] + 1
        with self._store.begin() as connection:
            if fault is None:
                connection.execute(delete(deliveries).where(deliveries.c.job == job))
            elif status == _GONE or tries >= MAX_TRIES:
                _set(connection, delivery, next_ns=NEVER, fault=fault)
                _log.warning("webhook of job %s given up after %d tries: %s", job, tries, fault)
            else:
                _set(connection, delivery, fault=fault)
                _log.info("webhook of job %s, try %d: %s", job, tries, fault)

    def _post(self, to: Target, job: str, body: bytes) -> int:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"edgeplan/{installed()}",
            "Edgeplan-Delivery": job,
            "Edgeplan-Timestamp": timestamp,
            "Edgeplan-Signature": signature(self._secret, timestamp, body),
        }
        return post(to, headers, body, private=self._private)


def _set(connection: Connection, delivery: RowMapping, **values: object) -> None:
    here = deliveries.c.job == delivery["job"]
    connection.execute(update(deliveries).where(here).values(**values))
