"""A job's row as its owner sees it."""

import json

from sqlalchemy import RowMapping

from api.jobs.nouns import Job, JobProgress, JobState, Operation, instant
from api.jobs.reporter import number


def noun(row: RowMapping, position: int | None = None) -> Job:
    """The job of a row."""
    here = f"/v1/jobs/{row['id']}"
    return Job(
        id=row["id"],
        operation=Operation(row["operation"]),
        kind=row["kind"],
        state=JobState(row["state"]),
        priority=row["priority"],
        position=position,
        attempt=row["attempt"],
        submitted_at=instant(row["submitted_ns"]) or "",
        started_at=instant(row["started_ns"]),
        finished_at=instant(row["finished_ns"]),
        progress=JobProgress(
            objective=number(row["objective"]),
            lower_bound=number(row["lower_bound"]),
            unit=row["unit"],
            solver=row["plan_from"],
        ),
        failure=None if row["failure"] is None else json.loads(row["failure"])["detail"],
        result_from=row["result_from"],
        revision_of=row["revision_of"],
        batch=row["batch"],
        label=row["label"],
        links={
            "self": here,
            "cancel": f"{here}:cancel",
            **{name: f"{here}/{name}" for name in ("events", "result", "explanation", "revisions")},
        },
    )


def etag(row: RowMapping, position: int | None) -> str:
    """Changes whenever the job does, also when it moves up in the queue."""
    return f'"{row["id"]}-{row["version"]}-{position or 0}"'
