"""POST /v1/rollings: a placement and what was observed in, a plan per step out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access import Submitter
from api.deps import PREFER, document
from api.errors import responses
from api.examples import EXAMPLES
from api.jobs.door import answer
from api.jobs.nouns import Operation
from api.jobs.views import SUBMISSION
from api.jobs.wishes import Asked
from api.requests_experts import RollRequest
from api.schemas import body
from models.rolling import Rolling

router = APIRouter()

_EXAMPLES = {
    "offload_placement": {
        "problem": EXAMPLES["offload_placement"].problem,
        "steps": [
            {"name": "load drifts", "activations": {"layer-0": [[90, 10]]}},
            {"name": "less memory", "memory_bytes": {"gpu": "10 MB"}},
        ],
        "weight_ppm": 700_000,
        "limits": {"time_limit_ns": "10 s"},
    }
}


@router.post(
    "/v1/rollings",
    summary="Follow what is observed",
    response_model=Rolling,
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(RollRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def rollings(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[RollRequest, Depends(document(RollRequest))],
) -> Response:
    """Average what is observed and plan every step anew, with a price for what has to move."""
    return await answer(http, caller, Operation.ROLLING, request, asked)
