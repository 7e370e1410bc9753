"""POST /v1/simulations: a plan replayed unit by unit."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends

from api import answers
from api.access import Reader
from api.deps import document
from api.errors import responses
from api.examples import EXAMPLES
from api.requests import SimulationRequest
from api.schemas import body
from models.simulation import Simulation
from planner.simulate import KINDS

router = APIRouter()

_EXAMPLES = {
    kind: {"problem": EXAMPLES[kind].problem, "plan": EXAMPLES[kind].plan} for kind in KINDS
}


@router.post(
    "/v1/simulations",
    summary="Simulate",
    response_model=Simulation,
    responses=responses(401, 403, 413, 415, 422),
    openapi_extra=body(SimulationRequest, _EXAMPLES),
)
async def simulations(
    _: Reader,
    request: Annotated[SimulationRequest, Depends(document(SimulationRequest))],
) -> Simulation:
    """Replay a plan: when each unit computes and travels, and what the formula said of it."""
    return await to_thread.run_sync(answers.simulation, request)
