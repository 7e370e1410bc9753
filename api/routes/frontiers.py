"""POST /v1/frontiers: a problem and a budget in, the best objective at each level out."""

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
from api.requests import FrontierRequest
from api.schemas import body
from models.frontier import Frontier

router = APIRouter()

_EXAMPLES = {
    "expert_selection": {
        "problem": EXAMPLES["expert_selection"].problem,
        "budget": "energy",
        "points": 4,
        "limits": {"time_limit_ns": "10 s"},
    },
    "split_computing": {
        "problem": EXAMPLES["split_computing"].problem,
        "budget": "accuracy",
        "bandwidths_bit_per_s": ["10 Mbit/s", "100 Mbit/s"],
        "limits": {"time_limit_ns": "10 s"},
    },
}


@router.post(
    "/v1/frontiers",
    summary="Sweep a budget",
    response_model=Frontier,
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(FrontierRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def frontiers(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[FrontierRequest, Depends(document(FrontierRequest))],
) -> Response:
    """Sweep a budget by the ε-constraint method: exact at every point that says `proved`."""
    return await answer(http, caller, Operation.FRONTIER, request, asked)
