"""GET /livez and /readyz: whether the service answers, and whether it can solve."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.deps import slots_of
from api.errors import ProblemError, responses
from api.probe import LIMITS, first_fault
from api.requests import Alive, Ready

router = APIRouter()


@router.get("/livez", summary="Alive")
async def livez() -> Alive:
    """The process answers."""
    return Alive()


@router.get("/readyz", summary="Ready", responses=responses(422, 503))
async def readyz(
    http: Request,
    *,
    deep: Annotated[bool, Query(description="also solve an example and check the answer")] = False,
) -> Ready:
    """A slot is free; with `deep=1` an example of every kind is solved and its answer checked."""
    slots = slots_of(http)
    if deep:
        fault = await slots.run(http, first_fault, LIMITS.time_limit_ns)
        if fault is not None:
            raise ProblemError("not-ready", 503, fault)
    slots.check_free()
    return Ready(slots=slots.size, free=slots.free)
