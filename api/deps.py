"""What routes need: the request's document, the client's patience, the server's slots."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio import to_thread
from fastapi import Request

from api.errors import ProblemError
from api.jobs.queue import Queue
from api.known import Known
from api.settings import SECOND_NS, Settings
from api.size import refuse_large
from models.base import Document
from models.documents import parse, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems import KINDS
from models.result import Limits

T = TypeVar("T", bound=Document)

MEDIA_TYPES = ("application/json", "application/yaml")
# The fields of a request that hold a document of some kind.
_KINDED = ("problem", "plan", "hint")
PREFER = {
    "name": "Prefer",
    "in": "header",
    "description": "`wait=N`: wait N seconds at most for the answer, `respond-async` alone: do not "
    "wait; what is not answered in time is a job, 202 (RFC 7240)",
    "schema": {"type": "string"},
    "example": "wait=10",
}
_WAIT = re.compile(r"\s*wait\s*=\s*\"?(\d{1,9})\"?\s*", re.IGNORECASE)


def settings_of(request: Request) -> Settings:
    """The server's settings."""
    settings: Settings = request.app.state.settings
    return settings


def queue_of(request: Request) -> Queue:
    """The server's jobs."""
    queue: Queue = request.app.state.queue
    return queue


def patience_ns(request: Request) -> int | None:
    """`Prefer: wait=N` in ns (RFC 7240, §4.3); None without it, or where it makes no sense."""
    for header in request.headers.getlist("prefer"):
        for preference in header.split(","):
            match = _WAIT.fullmatch(preference.split(";")[0])
            if match is not None:
                return int(match[1]) * SECOND_NS
    return None


def granted(limits: Limits, request: Request) -> Limits:
    """The limits that apply: the request's, and the server's maxima."""
    settings = settings_of(request)
    return Limits(
        time_limit_ns=min(limits.time_limit_ns, settings.max_time_limit),
        memory_limit_bytes=min(limits.memory_limit_bytes, settings.max_memory_limit),
        seed=limits.seed,
    )


def document(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the request's body as a document of type `kind`, read apart from the loop.

    The body passes through models.documents, the one door, and not through FastAPI's parser:
    duplicate keys, NaN and depth are refused there.
    """

    async def read(request: Request) -> T:
        _check_media_type(request)
        body = await _read(request, settings_of(request).max_body_bytes)
        known: Known = request.app.state.known
        found = known.get(body, kind)
        if found is None:
            found = await to_thread.run_sync(_document, body, kind, settings_of(request))
            known.keep(body, found)
        return found

    return read


def _document(body: bytes, kind: type[T], settings: Settings) -> T:
    value = parse(body)
    faults = tuple(fault for name in _KINDED if (fault := _fault_of_kind(value, name)))
    if faults:
        raise DocumentError(faults)
    found = validate(value, kind)
    for part in getattr(found, "requests", (found,)):
        if hasattr(part, "problem"):
            refuse_large(part.problem, settings)
    return found


def _fault_of_kind(value: object, name: str) -> FieldError | None:
    """The fault of a part that does not say which kind it is of."""
    part = value.get(name) if isinstance(value, dict) else None
    if not isinstance(part, dict):
        return None
    kind = part.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return None
    got = "nothing" if kind is None else shorten(kind)
    remedy = f"use one of: {', '.join(KINDS)}"
    return FieldError(f"/{name}/kind", got, "the kind is not known", remedy)


def _check_media_type(request: Request) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got not in MEDIA_TYPES:
        raise ProblemError(
            "unsupported-media-type",
            415,
            f"the content type is {got or 'not given'}; send one of: {', '.join(MEDIA_TYPES)}",
            headers={"Accept": ", ".join(MEDIA_TYPES)},
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise ProblemError(
            "unsupported-media-type", 415, f"the content is encoded ({encoding}); send it plain"
        )


async def _read(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is larger than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ProblemError(
                "body-too-large",
                413,
                f"the body is larger than {limit:,} bytes; use 'repeat' for equal layers and "
                "'default_link' for equal links",
            )
    return bytes(body)
