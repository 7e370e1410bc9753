"""What a child tells its parent: frames of bytes, each a JSON document that is checked on arrival.

A frame is its length in four bytes, most significant first, and the payload. The parent reads what
has come and waits for no more, so half a frame holds up nobody; and as nothing is unpickled, a
child gone astray can say nothing that is not a message.
"""

import struct
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from models.base import Document
from models.problems import AnyPlan
from models.result import Claim

# A plan of a thousand operators takes a tenth of a megabyte.
MAX_BYTES = 64 * 2**20
_LENGTH = struct.Struct("!I")


class GarbledError(ValueError):
    """Bytes that are no message, or a message that its child may not send."""


class Started(Document):
    """A method begins."""

    type: Literal["started"] = "started"
    solver: str


class FoundPlan(Document):
    """A method found a plan that it holds to be its best so far."""

    type: Literal["plan"] = "plan"
    solver: str
    plan: AnyPlan


class FoundBound(Document):
    """A method established a lower bound."""

    type: Literal["bound"] = "bound"
    solver: str
    lower_bound: int


class Finished(Document):
    """A method ended with a claim after `wall_ns`."""

    type: Literal["finished"] = "finished"
    claim: Claim[AnyPlan]
    wall_ns: int

    @property
    def solver(self) -> str:
        """The method that claims."""
        return self.claim.solver


Message = Started | FoundPlan | FoundBound | Finished
_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def encode(message: Message) -> bytes:
    """A message as the payload of a frame. Raises GarbledError for what `decode` would refuse."""
    try:
        payload = _ADAPTER.dump_json(message, warnings="error")
    except ValueError as error:  # what pydantic's own errors are
        raise GarbledError(str(error).splitlines()[0]) from error
    decode(payload)
    return payload


def decode(payload: bytes) -> Message:
    """The message of a payload. Raises GarbledError."""
    try:
        return _ADAPTER.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise GarbledError(f"{first['msg']} at '{where}'") from error


def frame(payload: bytes) -> bytes:
    """A payload with its length before it. Raises GarbledError above MAX_BYTES."""
    if len(payload) > MAX_BYTES:
        raise GarbledError(f"a message of {len(payload)} bytes is too large")
    return _LENGTH.pack(len(payload)) + payload


class Frames:
    """Cuts a stream of bytes into payloads, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def take(self, piece: bytes) -> Iterator[bytes]:
        """The payloads that `piece` completes. Raises GarbledError for an impossible length."""
        self._held += piece
        while len(self._held) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._held)
            if size > MAX_BYTES:
                raise GarbledError(f"a message of {size} bytes is announced")
            end = _LENGTH.size + size
            if len(self._held) < end:
                return
            payload = bytes(self._held[_LENGTH.size : end])
            del self._held[:end]
            yield payload
