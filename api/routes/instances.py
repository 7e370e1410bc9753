"""GET /v1/instances: the shipped problems and their best known answers."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import answers
from api.access import Reader
from api.errors import ProblemError, responses
from api.requests import InstanceOf
from models.problems import AnyProblem
from problem_instances import load

router = APIRouter()


@router.get("/v1/instances", summary="Instances", responses=responses(401, 403))
def instances(_: Reader) -> tuple[InstanceOf, ...]:
    """All shipped instances."""
    return answers.instances()


@router.get("/v1/instances/{name}", summary="Instance", responses=responses(401, 403, 404))
def instance(
    _: Reader, name: Annotated[str, Path(max_length=100, examples=["jupiter-b-13b-100m"])]
) -> AnyProblem:
    """One of them, as a problem to be planned."""
    try:
        return load(name)
    except KeyError:
        words = f"there is no instance {name[:60]!r}; GET /v1/instances lists them"
        raise ProblemError("not-found", 404, words) from None
