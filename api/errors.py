"""Errors as problem details (RFC 9457): stable types, and faults in the words of the domain."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from api.outage import is_away
from models.base import Document
from models.documents import field_errors
from models.errors import DocumentError, FieldError

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_URN = "urn:edgeplan:problem:"

# Type -> its title. The types are stable: a client may switch on them.
TITLES = {
    "invalid-document": "The document does not parse or contradicts itself",
    "body-too-large": "The request body is too large",
    "unsupported-media-type": "The request body is not of a type that is read here",
    "not-found": "There is nothing here",
    "method-not-allowed": "This address does not take that method",
    "unauthorized": "The request carries no valid API key",
    "forbidden": "The API key does not allow this",
    "draining": "The server ends and takes no more jobs",
    "conflict": "The job is not in a state for this",
    "idempotency-key-reused": "The idempotency key came with another request before",
    "queue-full": "Too many jobs wait already",
    "problem-too-large": "The problem is larger than this server takes",
    "solve-failed": "Every method failed, and none had found a plan before",
    "memory-limit": "Every method ran out of memory, and none had found a plan before",
    "no-database": "The table of jobs does not answer",
    "not-ready": "The service does not solve as it should",
    "internal": "The service made a mistake",
    "http": "The request was refused",
}
_BY_STATUS = {
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}


class Fault(Document):
    """One fault: JSON Pointer of the field, what stood there, what is wrong, what to do."""

    pointer: str
    value: str
    reason: str
    remedy: str


class ProblemDetails(Document):
    """The body of every answer that is an error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()


class ProblemError(Exception):
    """An error answer: a name of TITLES, the HTTP status, the detail and the headers."""

    def __init__(
        self,
        name: str,
        status: int,
        detail: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.name = name
        self.status = status
        self.headers = headers


def details(
    name: str, status: int, detail: str, faults: tuple[FieldError, ...] = ()
) -> ProblemDetails:
    """The body of an error."""
    return ProblemDetails(
        type=_URN + name,
        title=TITLES[name],
        status=status,
        detail=detail,
        errors=tuple(Fault(**vars(fault)) for fault in faults),
    )


def problem(
    name: str,
    status: int,
    detail: str,
    faults: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The response of an error."""
    content = details(name, status, detail, faults).model_dump(mode="json")
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(DocumentError, _on_document)
    app.add_exception_handler(RequestValidationError, _on_parameter)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(SQLAlchemyError, _on_no_database)
    app.add_exception_handler(Exception, _on_anything)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's entries for error answers."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": "Error", "content": content} for status in statuses}


async def _on_problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)  # noqa: S101  # registered for this type
    return problem(error.name, error.status, str(error), headers=error.headers)


async def _on_document(_: Request, error: Exception) -> JSONResponse:
    faults = error.faults if isinstance(error, DocumentError) else ()
    return _refused(faults)


async def _on_parameter(_: Request, error: Exception) -> JSONResponse:
    details = error.errors() if isinstance(error, RequestValidationError) else ()
    return _refused(field_errors(list(details)))


def _refused(faults: tuple[FieldError, ...]) -> JSONResponse:
    return problem("invalid-document", 422, f"{len(faults)} fault(s); see errors", faults)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this type
    name = _BY_STATUS.get(error.status_code, "http")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(name, error.status_code, detail, headers=error.headers)


async def _on_no_database(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SQLAlchemyError)  # noqa: S101  # registered for this type
    if not is_away(error):
        raise error
    _log.warning("the table of jobs does not answer: %s", error)
    words = "the table of jobs does not answer just now; try again"
    return problem("no-database", 503, words, headers={"Retry-After": "1"})


async def _on_anything(_: Request, error: Exception) -> JSONResponse:
    # The server's log has the traceback: Starlette raises the error again after this answer.
    return problem("internal", 500, f"an unexpected {type(error).__name__}; it has been logged")
