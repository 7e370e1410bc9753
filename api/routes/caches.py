"""POST /v1/caches: a routing table and sizes in, the hits of pins and caches out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api import answers_experts
from api.deps import PREFER, document, granted, slots_of
from api.errors import responses
from api.requests_experts import CacheRequest
from api.schemas import body
from models.expert_cache import ExpertCache

router = APIRouter()

_EXAMPLES = {
    "four tokens of two layers": {
        "routing": [[[0], [1]], [[0], [1]], [[2], [1]], [[0], [3]]],
        "experts": 4,
        "slots": [1, 2],
    }
}


@router.post(
    "/v1/caches",
    summary="Replay caches",
    response_model=ExpertCache,
    responses=responses(413, 415, 422, 500, 503),
    openapi_extra={**body(CacheRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def caches(
    http: Request,
    request: Annotated[CacheRequest, Depends(document(CacheRequest))],
) -> ExpertCache:
    """Replay LRU, LFU, pins, half and half, Belady's bound, and the best of their splits."""
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    return await slots_of(http).run(
        http, lambda cancel: answers_experts.cache(request, cancel=cancel), limits.time_limit_ns
    )
