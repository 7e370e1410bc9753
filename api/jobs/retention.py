"""Jobs that ended long ago are forgotten, with their events and deliveries."""

import time

from sqlalchemy import and_, delete, select

from api.jobs.nouns import TERMINAL
from api.jobs.schema import deliveries, events, jobs
from api.jobs.store import Store

# Few at a time, so that nobody waits long for the table.
_AT_ONCE = 200
_ENDED = [state.value for state in TERMINAL]


def forget_old(store: Store, age_ns: int) -> int:
    """Delete the jobs that ended more than `age_ns` ago; how many."""
    old = and_(jobs.c.state.in_(_ENDED), jobs.c.finished_ns < time.time_ns() - age_ns)
    query = select(jobs.c.id).where(old).limit(_AT_ONCE)
    total = 0
    while True:
        with store.reading() as connection:
            found = list(connection.execute(query).scalars())
        if not found:
            return total
        with store.begin() as connection:
            for table in (events, deliveries):
                connection.execute(delete(table).where(table.c.job.in_(found)))
            total += connection.execute(delete(jobs).where(jobs.c.id.in_(found))).rowcount
