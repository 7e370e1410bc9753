"""POST /v1/jobs/{job}/revisions: the world has changed; plan anew from the plan in force."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from api.access import Submitter
from api.deps import PREFER, document, granted, settings_of
from api.errors import ProblemError, responses
from api.jobs.door import ended, submit
from api.jobs.find import row_of
from api.jobs.nouns import Operation
from api.jobs.revise import revised
from api.jobs.views import SUBMISSION, reply
from api.jobs.wishes import Asked
from api.requests import ReplanMode, RevisionRequest
from api.schemas import body
from api.size import refuse_large
from models.errors import DocumentError, FieldError
from models.result import Certificate
from solvers.registry import entry

router = APIRouter()

_EXAMPLES = {
    "a slower device": {"slowed": {"box": "1.5"}, "mode": "full"},
    "another objective": {"patch": {"objective": "throughput"}},
}


@router.post(
    "/v1/jobs/{job}/revisions",
    summary="Revise",
    response_model=Certificate,
    responses={**SUBMISSION, **responses(401, 403, 404, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(RevisionRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def revisions(
    http: Request,
    job: str,
    caller: Submitter,
    asked: Asked,
    change: Annotated[RevisionRequest, Depends(document(RevisionRequest))],
) -> Response:
    """Plan the changed problem from the job's plan; `Edgeplan-Start` says whether that still holds.

    The devices of the plan in force are remembered, so that moving weights has its price.
    """
    row = await row_of(http, caller, job)
    if row["operation"] != Operation.PLAN.value:
        raise ProblemError("conflict", 409, f"an {row['operation']} has no plan to start from")
    revision = await to_thread.run_sync(revised, row, _by_mode(change, row["kind"]))
    refuse_large(revision.request.problem, settings_of(http))
    limits = granted(revision.request.limits, http)
    request = revision.request.model_copy(update={"limits": limits})
    fresh = await submit(http, caller, Operation.PLAN, request, asked, revision_of=row["id"])
    response = await reply(http, await ended(http, fresh), limits)
    response.headers["Edgeplan-Start"] = revision.start.encode("ascii", "replace").decode()
    return response


def _by_mode(change: RevisionRequest, kind: str) -> RevisionRequest:
    """The change with the method that its mode names. Raises DocumentError for other kinds."""
    if change.mode is ReplanMode.FULL:
        return change
    if entry(kind, change.mode) is None:
        reason = f"plans for {kind} are not replayed"
        raise DocumentError((FieldError("/mode", change.mode, reason, "write full"),))
    return change.model_copy(update={"solver": change.mode.value})
