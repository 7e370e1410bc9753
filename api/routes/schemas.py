"""GET /v1/schemas: JSON Schemas of the documents."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.errors import ProblemError, responses
from api.schemas import SCHEMAS, schema

router = APIRouter()


@router.get("/v1/schemas", summary="Names of the schemas")
def names() -> tuple[str, ...]:
    """The names under which schemas are found."""
    return tuple(SCHEMAS)


@router.get("/v1/schemas/{name}", summary="A JSON Schema", responses=responses(404))
def one(name: Annotated[str, Path(examples=["problem"])]) -> dict[str, Any]:
    """The JSON Schema of a document."""
    if name not in SCHEMAS:
        detail = f"there is no schema of that name; use one of: {', '.join(SCHEMAS)}"
        raise ProblemError("not-found", 404, detail)
    return schema(name)
