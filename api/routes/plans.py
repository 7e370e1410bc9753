"""POST /v1/plans: a problem in, a certificate out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import answers
from api.deps import PREFER, document, granted, patience_ns, slots_of
from api.errors import responses
from api.examples import EXAMPLES
from api.requests import PlanRequest
from api.schemas import body
from api.settings import SECOND_NS
from models.result import Certificate, Limits
from models.units import format_quantity
from solvers.registry import entries

router = APIRouter()

_HEADERS = {
    "Edgeplan-Limits": {
        "description": "The limits that applied",
        "schema": {"type": "string"},
    },
    "Preference-Applied": {
        "description": "The wait that was granted, where one was asked for",
        "schema": {"type": "string"},
    },
}


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
    responses={200: {"headers": _HEADERS}, **responses(413, 415, 422, 500, 503)},
    openapi_extra={**body(PlanRequest, _examples()), "parameters": [PREFER]},
)
async def plans(
    http: Request,
    response: Response,
    request: Annotated[PlanRequest, Depends(document(PlanRequest))],
) -> Certificate:
    """Solve a problem and vouch for the answer.

    Infeasible is an answer: status 200, grade `infeasible`, with an explanation. The time limit
    is the least of the request's, of `Prefer: wait=N` and of the server's maximum; a client that
    hangs up ends the solve.
    """
    limits = granted(request.limits, http)
    request = request.model_copy(update={"limits": limits})
    response.headers["Edgeplan-Limits"] = _in_words(limits)
    if patience_ns(http) is not None:
        response.headers["Preference-Applied"] = f"wait={limits.time_limit_ns // SECOND_NS}"
    return await slots_of(http).run(
        http, lambda cancel: answers.plan(request, cancel=cancel), limits.time_limit_ns
    )


def _in_words(limits: Limits) -> str:
    time = format_quantity(limits.time_limit_ns, "ns").replace("µ", "u")
    memory = format_quantity(limits.memory_limit_bytes, "bytes")
    return f"time={time}; memory={memory}; seed={limits.seed}"
