"""What a client raises: an error answer of the service, or that there is none."""

import json
from typing import Any

import httpx2

from models.errors import FieldError

_URN = "urn:edgeplan:problem:"


class ServiceError(Exception):
    """An error answer (RFC 9457).

    status: of HTTP; name: the stable type, such as "queue-full"; detail: in words;
    faults: those of the document that was sent, empty where the error is another.
    """

    def __init__(
        self, status: int, name: str, detail: str, faults: tuple[FieldError, ...] = ()
    ) -> None:
        super().__init__("\n".join(str(fault) for fault in faults) or detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.faults = faults

    @property
    def pointer(self) -> str | None:
        """JSON Pointer of the first field that is wrong; None where no field is."""
        return self.faults[0].pointer if self.faults else None

    @property
    def reason(self) -> str:
        """What is wrong."""
        return self.faults[0].reason if self.faults else self.detail

    @property
    def remedy(self) -> str | None:
        """What to write instead, where a field is wrong."""
        return self.faults[0].remedy if self.faults else None


class UnreachableError(Exception):
    """The server has not answered for as long as the client was willing to try."""


def error_of(response: httpx2.Response) -> ServiceError:
    """The error of a response whose body has been read, whoever wrote it: a proxy may have."""
    try:
        body: Any = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict) or not str(body.get("type", "")).startswith(_URN):
        return ServiceError(response.status_code, "http", f"the server said {response.status_code}")
    faults = tuple(
        FieldError(*(str(item.get(name, "")) for name in ("pointer", "value", "reason", "remedy")))
        for item in body.get("errors", ())
    )
    name = str(body["type"]).removeprefix(_URN)
    return ServiceError(response.status_code, name, str(body.get("detail", "")), faults)
