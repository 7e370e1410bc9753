"""POST /v1/caches: a routing table and sizes in, the hits of pins and caches out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.access import Submitter
from api.deps import PREFER, document
from api.errors import responses
from api.jobs.door import answer
from api.jobs.nouns import Operation
from api.jobs.views import SUBMISSION
from api.jobs.wishes import Asked
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
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(CacheRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def caches(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[CacheRequest, Depends(document(CacheRequest))],
) -> Response:
    """Replay LRU, LFU, pins, half and half, Belady's bound, and the best of their splits."""
    return await answer(http, caller, Operation.CACHE, request, asked)
