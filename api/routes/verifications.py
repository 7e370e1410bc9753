"""POST /v1/verifications: bring your own plan."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends

from api import answers
from api.access import Reader
from api.deps import document
from api.errors import responses
from api.examples import EXAMPLES
from api.requests import VerificationRequest
from api.schemas import body
from models.result import Verification

router = APIRouter()

_EXAMPLES = {
    kind: {"problem": example.problem, "plan": example.plan} for kind, example in EXAMPLES.items()
}


@router.post(
    "/v1/verifications",
    summary="Verify",
    response_model=Verification,
    responses=responses(401, 403, 413, 415, 422),
    openapi_extra=body(VerificationRequest, _EXAMPLES),
)
async def verifications(
    _: Reader,
    request: Annotated[VerificationRequest, Depends(document(VerificationRequest))],
) -> Verification:
    """Check a plan against its problem: every violated rule, or else the recomputed objective.

    A plan that breaks rules is an answer: status 200, `accepted` false, `violations` not empty.
    """
    return await to_thread.run_sync(answers.verification, request)
