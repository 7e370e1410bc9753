"""POST /v1/batches: many plan requests at once."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access import Submitter
from api.deps import document, granted
from api.errors import responses
from api.examples import EXAMPLES
from api.jobs.door import submit_all
from api.jobs.nouns import JobPage
from api.jobs.rows import noun
from api.jobs.wishes import Asked
from api.requests import BatchRequest
from api.schemas import body

router = APIRouter()

_EXAMPLES = {
    "one of every kind": {"requests": [{"problem": item.problem} for item in EXAMPLES.values()]}
}


@router.post(
    "/v1/batches",
    summary="Plan many",
    status_code=202,
    responses=responses(401, 403, 413, 415, 422, 429),
    openapi_extra=body(BatchRequest, _EXAMPLES),
)
async def batches(
    http: Request,
    response: Response,
    caller: Submitter,
    asked: Asked,
    request: Annotated[BatchRequest, Depends(document(BatchRequest))],
) -> JobPage:
    """Queue all of them, in order; an idempotency key is for all; `Location` lists them."""
    batch = secrets.token_hex(8)
    requests = [
        item.model_copy(update={"limits": granted(item.limits, http)}) for item in request.requests
    ]
    rows = await submit_all(http, caller, requests, asked, batch)
    response.headers["Location"] = f"/v1/jobs?batch={rows[0]['batch']}"
    return JobPage(jobs=tuple(noun(row) for row in rows), next=None)
