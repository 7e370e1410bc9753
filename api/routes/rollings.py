"""POST /v1/rollings: a placement and what was observed in, a plan per step out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api import answers_experts
from api.deps import PREFER, document, granted, slots_of
from api.errors import responses
from api.examples import EXAMPLES
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
    responses=responses(413, 415, 422, 500, 503),
    openapi_extra={**body(RollRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def rollings(
    http: Request,
    request: Annotated[RollRequest, Depends(document(RollRequest))],
) -> Rolling:
    """Average what is observed and plan every step anew, with a price for what has to move."""
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    return await slots_of(http).run(
        http, lambda cancel: answers_experts.rolling(request, cancel=cancel), limits.time_limit_ns
    )
