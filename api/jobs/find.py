"""A job by its id, for one caller."""

from anyio import to_thread
from fastapi import Request
from sqlalchemy import RowMapping

from api.deps import queue_of
from api.errors import ProblemError
from api.keys import Caller


async def row_of(http: Request, caller: Caller, job: str) -> RowMapping:
    """The job's row. Raises ProblemError (404) where there is none that the caller sees."""
    row = None
    if job.isalnum():  # PostgreSQL takes no text with NUL
        row = await to_thread.run_sync(queue_of(http).store.get, job, caller.sees)
    if row is None:
        raise ProblemError("not-found", 404, f"{caller.name} has no job {job[:60]!r}")
    return row
