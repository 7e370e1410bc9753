"""POST /v1/frontiers: a problem and a budget in, the best objective at each level out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api import answers
from api.deps import PREFER, document, granted, slots_of
from api.errors import responses
from api.examples import EXAMPLES
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
    responses=responses(413, 415, 422, 500, 503),
    openapi_extra={**body(FrontierRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def frontiers(
    http: Request,
    request: Annotated[FrontierRequest, Depends(document(FrontierRequest))],
) -> Frontier:
    """Sweep a budget by the ε-constraint method: exact at every point that says `proved`."""
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    return await slots_of(http).run(
        http, lambda cancel: answers.frontier(request, cancel=cancel), limits.time_limit_ns
    )
