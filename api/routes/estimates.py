"""POST /v1/validations and /v1/estimates: what a problem is, and what it would take."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends

from api import answers
from api.access import Reader
from api.deps import document
from api.errors import responses
from api.examples import EXAMPLES
from api.requests import Estimate, Valid, ValidationRequest
from api.schemas import body

router = APIRouter()

_EXAMPLES = {kind: {"problem": example.problem} for kind, example in EXAMPLES.items()}


@router.post(
    "/v1/validations",
    summary="Validate",
    responses=responses(401, 403, 413, 415, 422),
    openapi_extra=body(ValidationRequest, _EXAMPLES),
)
async def validations(
    _: Reader,
    request: Annotated[ValidationRequest, Depends(document(ValidationRequest))],
) -> Valid:
    """Read a problem; what is wrong with it is named field by field, with a remedy (422)."""
    return await to_thread.run_sync(answers.validation, request)


@router.post(
    "/v1/estimates",
    summary="Estimate",
    responses=responses(401, 403, 413, 415, 422),
    openapi_extra=body(ValidationRequest, _EXAMPLES),
)
async def estimates(
    _: Reader,
    request: Annotated[ValidationRequest, Depends(document(ValidationRequest))],
) -> Estimate:
    """What would be run on a problem, before anything is."""
    return await to_thread.run_sync(answers.estimate, request)
