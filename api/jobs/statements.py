"""The statements of the busiest paths, built once: to build one costs more than to run it.

Their parameters are given when they are executed. The values that a job is changed to have the
prefix `to_`: a parameter with the name of a column would be taken for one.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Executable, and_, bindparam, func, insert, or_, select, update

from api.jobs.nouns import JobState
from api.jobs.schema import events, jobs

_WAITING = JobState.QUEUED.value
# What a job takes over from one that asked the same.
_TAKEN = ("result", "plan", "plan_from", "objective", "lower_bound")

# Parameters: the columns of the row.
INSERT_JOB = insert(jobs).returning(jobs)

# Parameter: job.
GET = select(jobs).where(jobs.c.id == bindparam("job"))

# Parameters: job, owner.
GET_OWN = GET.where(jobs.c.owner == bindparam("owner"))

# Parameters: owner, key.
OF_KEY = select(jobs).where(
    jobs.c.owner == bindparam("owner"), jobs.c.idempotency_key == bindparam("key")
)

# Parameter: key. The first job whose answer is good for all of the same question.
ANSWERED = (
    select(jobs.c.id.label("result_from"), *(jobs.c[name] for name in _TAKEN))
    .where(jobs.c.cache_key == bindparam("key"), jobs.c.cacheable)
    .order_by(jobs.c.number)
    .limit(1)
)

# Parameter: owner.
WAITING = (
    select(func.count())
    .select_from(jobs)
    .where(jobs.c.owner == bindparam("owner"), jobs.c.state == _WAITING)
)

# Parameter: owner. Whoever would add to the waiting jobs of one owner counts them alone.
ALONE = select(func.pg_advisory_xact_lock(7309, func.hashtext(bindparam("owner"))))

# Parameter: now.
# What has run before does not expire: it waits again because who ran it is gone.
LATE = select(jobs.c.id).where(
    jobs.c.state == _WAITING, jobs.c.started_ns.is_(None), jobs.c.expires_ns < bindparam("now")
)

_READY = and_(
    jobs.c.state == _WAITING,
    or_(
        jobs.c.expires_ns.is_(None),
        jobs.c.expires_ns >= bindparam("now"),
        jobs.c.started_ns.is_not(None),
    ),
)

# Parameter: now. The id of the first in the queue that nobody else is taking.
NEXT = (
    select(jobs.c.id)
    .where(_READY)
    .order_by(jobs.c.priority.desc(), jobs.c.number)
    .limit(1)
    .with_for_update(skip_locked=True)
)

# Parameters: job, now, to_lease, to_until.
TAKE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), _READY)
    .values(
        state=JobState.RUNNING.value,
        lease=bindparam("to_lease"),
        lease_until_ns=bindparam("to_until"),
        started_ns=bindparam("now"),
        attempt=jobs.c.attempt + 1,
        version=jobs.c.version + 1,
    )
    .returning(jobs)
)

_QUEUE = (
    select(
        jobs.c.id,
        func.row_number().over(order_by=(jobs.c.priority.desc(), jobs.c.number)).label("place"),
    )
    .where(jobs.c.state == _WAITING)
    .subquery()
)

# Parameter: jobs, their ids. Their places among all that wait.
PLACES = select(_QUEUE.c.id, _QUEUE.c.place).where(
    _QUEUE.c.id.in_(bindparam("jobs", expanding=True))
)

# Parameter: job. Changes nothing that anybody would miss.
TOUCH = update(jobs).where(jobs.c.id == bindparam("job")).values(version=jobs.c.version + 1)

# Parameters: job, data; the event takes the next number of its job.
INSERT_EVENT = insert(events).values(
    job=bindparam("job"),
    seq=select(func.coalesce(func.max(events.c.seq), 0))
    .where(events.c.job == bindparam("job"))
    .scalar_subquery()
    + 1,
    data=bindparam("data"),
)


@cache
def changing(names: tuple[str, ...], states: tuple[str, ...], *, leased: bool) -> Executable:
    """Sets the named columns of a job in one of the states. Parameters: job, to_…, and held."""
    here = and_(jobs.c.id == bindparam("job"), jobs.c.state.in_(states))
    if leased:
        here = and_(here, jobs.c.lease == bindparam("held"))
    values: Mapping[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    changed = update(jobs).where(here).values(**values, version=jobs.c.version + 1)
    return changed.returning(jobs)
