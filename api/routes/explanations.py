"""POST /v1/explanations: why a plan costs what it costs, or why there is none."""

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
from api.requests import Explanation, ExplanationRequest
from api.schemas import body

router = APIRouter()

_EXAMPLES = {
    kind: {"problem": example.problem, "plan": example.plan, "limits": {"time_limit_ns": "10 s"}}
    for kind, example in EXAMPLES.items()
}


@router.post(
    "/v1/explanations",
    summary="Explain",
    response_model=Explanation,
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(ExplanationRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def explanations(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[ExplanationRequest, Depends(document(ExplanationRequest))],
) -> Response:
    """Name what binds a plan and what each rule costs; without a plan, plan first."""
    return await answer(http, caller, Operation.EXPLANATION, request, asked)
