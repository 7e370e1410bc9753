"""What every document type shares: frozen, closed to unknown keys, strict about types."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

MAX_NAME = 100
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_NAME, pattern=r"^[\w.+/:@-]+( [\w.+/:@-]+)*$"),
]


class Document(BaseModel):
    """Base of all nouns that come through the door."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; what was computed from the old ones is not copied."""
        copied = super().model_copy(update=update, deep=deep)
        for name in set(copied.__dict__) - set(type(self).model_fields):
            del copied.__dict__[name]
        return copied


def contradiction(reason: str, remedy: str, *at: str | int) -> PydanticCustomError:
    """The error that a validator raises when fields of a document do not go together.

    at: keys and indices that lead from the validated object to the field to be changed.
    """
    context = {"reason": reason, "remedy": remedy, "at": at}
    return PydanticCustomError("contradiction", "{reason}", context)


def first_duplicate(names: list[str]) -> str | None:
    """The first name that stands twice, or None."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def last_index(names: list[str], name: str) -> int:
    """Where a name stands for the last time."""
    return len(names) - 1 - names[::-1].index(name)
