"""What a submission is answered: the result, the job, or why there is neither."""

import json
from typing import Any

from anyio import to_thread
from fastapi import Request, Response
from sqlalchemy import RowMapping

from api.deps import patience_ns, queue_of
from api.errors import MEDIA_TYPE, ProblemError
from api.jobs.nouns import TERMINAL, Job
from api.jobs.rows import noun
from api.jobs.runner import kept
from api.settings import SECOND_NS
from models.result import Limits
from models.units import format_quantity

HEADERS: dict[str, Any] = {
    name: {"description": words, "schema": {"type": "string"}}
    for name, words in {
        "Location": "The job",
        "Edgeplan-Limits": "The limits that applied",
        "Edgeplan-Result-From": "The job that answered the same question before",
        "Preference-Applied": "The wait that was granted, where one was asked for",
    }.items()
}
SUBMISSION: dict[int | str, dict[str, Any]] = {
    200: {"headers": HEADERS},
    202: {"model": Job, "description": "A job that is not answered yet", "headers": HEADERS},
}


async def reply(http: Request, row: RowMapping, limits: Limits | None = None) -> Response:
    """200 with the result, 202 with the job, or the problem document of one that failed.

    Raises ProblemError (409) for a job that ended otherwise and has none.
    """
    headers = {"Location": f"/v1/jobs/{row['id']}"}
    if limits is not None:
        headers["Edgeplan-Limits"] = _in_words(limits)
    patience = patience_ns(http)
    if patience is not None:
        headers["Preference-Applied"] = f"wait={patience // SECOND_NS}"
    if row["result_from"] is not None:
        headers["Edgeplan-Result-From"] = row["result_from"]
    # A failed job's result is worth showing for its plan; without one, why it failed is.
    found: str | None = row["result"] or await to_thread.run_sync(result_of, row)
    if found is not None and (row["failure"] is None or row["plan"] is not None):
        return Response(found, 200, headers, "application/json")
    if row["failure"] is not None:
        status = json.loads(row["failure"])["status"]
        return Response(row["failure"], status, headers, MEDIA_TYPE)
    if row["state"] in TERMINAL:
        words = f"the job is {row['state']} and has no result; submit it again"
        raise ProblemError("conflict", 409, words, headers)
    position = await to_thread.run_sync(queue_of(http).store.position, row)
    return Response(noun(row, position).model_dump_json(), 202, headers, "application/json")


def result_of(row: RowMapping) -> str | None:
    """The answer of a job; of one that ended before it had any, what its last plan is worth."""
    if row["result"] is not None or row["state"] not in TERMINAL or row["plan"] is None:
        found: str | None = row["result"]
        return found
    return kept(row).model_dump_json()


def _in_words(limits: Limits) -> str:
    time = format_quantity(limits.time_limit_ns, "ns").replace("µ", "u")
    memory = format_quantity(limits.memory_limit_bytes, "bytes")
    return f"time={time}; memory={memory}; seed={limits.seed}"
