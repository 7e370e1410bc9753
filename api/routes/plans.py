"""POST /v1/plans: a problem in, a certificate out, or a job that makes one."""

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
from api.requests import PlanRequest
from api.schemas import body
from models.result import Certificate
from solvers.registry import entries

router = APIRouter()


def _examples() -> dict[str, object]:
    found: dict[str, object] = {}
    for kind, example in EXAMPLES.items():
        found[kind] = {"problem": example.problem, "limits": {"time_limit_ns": "10 s"}}
        found[f"{kind} from a plan, by one method"] = {
            "problem": example.problem,
            "solver": entries(kind)[0].name,
            "hint": example.plan,
            "limits": {"time_limit_ns": "10 s", "memory_limit_bytes": "1 GiB", "seed": 1},
        }
    return found


@router.post(
    "/v1/plans",
    summary="Plan",
    response_model=Certificate,
    responses={**SUBMISSION, **responses(401, 403, 409, 413, 415, 422, 429, 500)},
    openapi_extra={**body(PlanRequest, _examples()), "parameters": [PREFER]},
)
async def plans(
    http: Request,
    caller: Submitter,
    asked: Asked,
    request: Annotated[PlanRequest, Depends(document(PlanRequest))],
) -> Response:
    """Solve a problem and vouch for the answer.

    Infeasible is an answer: status 200, grade `infeasible`, with an explanation. What is not
    answered while the client waits is a job: 202, and its address in `Location`. A client that
    hangs up ends the solve, unless it gave an `Idempotency-Key` by which it can come back.
    """
    return await answer(http, caller, Operation.PLAN, request, asked)
