"""A job as its owner sees it: state, place in the queue, progress, and where to look further."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from api.requests import Explanation
from models.base import Document, Name
from models.expert_cache import ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.result import Certificate
from models.rolling import Rolling


class JobState(StrEnum):
    """Where a job stands; says nothing about how good its plan is."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # it waited longer than it was willing to


TERMINAL = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED})


class Operation(StrEnum):
    """What a job does; the request and the answer are those of the address of that name."""

    PLAN = "plan"
    EXPLANATION = "explanation"
    FRONTIER = "frontier"
    SPLIT = "split"
    CACHE = "cache"
    ROLLING = "rolling"


# What the jobs of an operation answer.
ANSWERS: dict[Operation, type[Document]] = {
    Operation.PLAN: Certificate,
    Operation.EXPLANATION: Explanation,
    Operation.FRONTIER: Frontier,
    Operation.SPLIT: ExpertSplit,
    Operation.CACHE: ExpertCache,
    Operation.ROLLING: Rolling,
}


class JobProgress(Document):
    """The best verified objective and the best bound so far, integers of `unit`."""

    objective: int | None = None
    lower_bound: int | None = None
    unit: str
    solver: str | None = None


class Job(Document):
    """One job.

    position: 1 for the next to run, None when it does not wait; attempt: how often it was started;
    result_from: the job whose result was taken over, because it answered the same question;
    revision_of: the job whose plan this one starts from; links: addresses of its resources.
    """

    id: str
    operation: Operation
    kind: str
    state: JobState
    priority: Annotated[int, Field(ge=0, le=9)]
    position: int | None
    attempt: int
    submitted_at: str
    started_at: str | None
    finished_at: str | None
    progress: JobProgress
    failure: str | None = None
    result_from: str | None = None
    revision_of: str | None = None
    batch: str | None = None
    label: Name | None = None
    links: dict[str, str]


class JobPage(Document):
    """Jobs, the latest first; next: the address of the following page, None at the end."""

    jobs: tuple[Job, ...]
    next: str | None


class JobEvent(Document):
    """One step of a job: `at_ns` after it was submitted; what happened, and the figures then."""

    seq: int
    at_ns: int
    what: str
    solver: str | None = None
    objective: int | None = None
    lower_bound: int | None = None
    state: JobState | None = None


def instant(at_ns: int | None) -> str | None:
    """Nanoseconds of the epoch in the words of RFC 3339, to the microsecond."""
    if at_ns is None:
        return None
    return datetime.fromtimestamp(at_ns / 10**9, UTC).isoformat().replace("+00:00", "Z")
