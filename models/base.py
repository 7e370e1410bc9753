"""What every document type shares: frozen, closed to unknown keys, strict about types."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.+/:@-]+( [\w.+/:@-]+)*$")
]


class Document(BaseModel):
    """Base of all nouns that come through the door."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def contradiction(reason: str, remedy: str) -> PydanticCustomError:
    """The error that a validator raises when fields of a document do not go together."""
    return PydanticCustomError("contradiction", "{reason}", {"reason": reason, "remedy": remedy})


def first_duplicate(names: list[str]) -> str | None:
    """The first name that stands twice, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
