"""POST /v1/explanations: why a plan costs what it costs, or why there is none."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from api import answers
from api.deps import PREFER, document, granted, slots_of
from api.errors import responses
from api.examples import EXAMPLES
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
    responses=responses(413, 415, 422, 500, 503),
    openapi_extra={**body(ExplanationRequest, _EXAMPLES), "parameters": [PREFER]},
)
async def explanations(
    http: Request,
    request: Annotated[ExplanationRequest, Depends(document(ExplanationRequest))],
) -> Explanation:
    """Name what binds a plan and what each rule costs; without a plan, plan first."""
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    return await slots_of(http).run(
        http, lambda cancel: answers.explanation(request, cancel=cancel), limits.time_limit_ns
    )
