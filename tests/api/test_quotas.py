"""How many jobs of one owner may wait, whoever of several servers is asked."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from api.jobs.engine import connect
from api.jobs.nouns import Operation
from api.jobs.store import NewJob, Store, TooManyError

_MOST = 5


@pytest.fixture
def stores(postgres: str) -> Iterator[tuple[Store, Store]]:
    """The tables as two servers have them, with no jobs before and after."""
    engines = connect(postgres), connect(postgres)
    clear = text("TRUNCATE jobs, events, deliveries, pgqueuer")
    with engines[0].begin() as connection:
        connection.execute(clear)
    yield Store(engines[0]), Store(engines[1])
    with engines[0].begin() as connection:
        connection.execute(clear)
    for engine in engines:
        engine.dispose()


def _slowly(*_: Any) -> None:
    """What queues a job, in a transaction that takes its time: the others count meanwhile."""
    time.sleep(0.02)


def _accepted(store: Store, owner: str, number: int) -> bool:
    question = f"{owner} {number}"
    more = {"kind": "pipeline_partition", "unit": "ns", "request": "{}"}
    new = NewJob(owner, Operation.PLAN, **more, cache_key=question, body_hash=question)
    try:
        store.submit([new], _MOST, _slowly)
    except TooManyError:
        return False
    return True


def test_quota_holds_over_two_servers(stores: tuple[Store, Store]) -> None:
    """Of 24 jobs that are asked for at once through two servers, as many wait as may; no more."""
    with ThreadPoolExecutor(24) as clients:
        asked = [
            clients.submit(_accepted, stores[number % 2], owner, number)
            for number in range(24)
            for owner in ("ann", "bob")
        ]
    assert sum(found.result() for found in asked) == 2 * _MOST
    assert stores[0].counts() == {"queued": 2 * _MOST}
