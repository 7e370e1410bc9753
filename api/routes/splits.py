"""POST /v1/splits: a placement of experts and one batch in, tokens per slot out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api import answers
from api.deps import PREFER, document, granted, slots_of
from api.errors import responses
from api.examples import EXAMPLES
from api.requests import SplitRequest
from api.schemas import body
from models.expert_split import ExpertSplit

router = APIRouter()

_EXAMPLES = {
    "expert_balance": {
        "problem": EXAMPLES["expert_balance"].problem,
        "plan": EXAMPLES["expert_balance"].plan,
        "loads": [[20, 16]],
    }
}


@router.post(
    "/v1/splits",
    summary="Split a batch",
    response_model=ExpertSplit,
    responses=responses(413, 415, 422, 500, 503),
    openapi_extra={**body(SplitRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def splits(
    http: Request,
    request: Annotated[SplitRequest, Depends(document(SplitRequest))],
) -> ExpertSplit:
    """Split the tokens of one batch among replicas by a linear program over all layers."""
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    return await slots_of(http).run(
        http, lambda cancel: answers.split(request, cancel=cancel), limits.time_limit_ns
    )
