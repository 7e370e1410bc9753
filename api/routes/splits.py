"""POST /v1/splits: a placement of experts and one batch in, tokens per slot out."""

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
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(SplitRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def splits(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[SplitRequest, Depends(document(SplitRequest))],
) -> Response:
    """Split the tokens of one batch among replicas by a linear program over all layers."""
    return await answer(http, caller, Operation.SPLIT, request, asked)
