"""Small documents that have been read before: the same bytes need no second reading."""

from collections import OrderedDict
from typing import TypeVar

from models.base import Document

T = TypeVar("T", bound=Document)
# Small bodies only: a noun takes several times the memory of its text, and 64 times that is kept.
_MOST_BYTES = 16 * 2**10
_KEPT = 64


class Known:
    """The latest small documents by their bytes and type; nouns are frozen, so they are shared.

    Only for the thread of the event loop.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[type[Document], bytes], Document] = OrderedDict()

    def get(self, body: bytes, kind: type[T]) -> T | None:
        """What was read from the same bytes, or None."""
        found = self._found.get((kind, body))
        if found is None:
            return None
        self._found.move_to_end((kind, body))
        if not isinstance(found, kind):
            raise TypeError(f"{type(found).__name__} was kept as a {kind.__name__}")
        return found

    def keep(self, body: bytes, document: Document) -> None:
        """Remember what was read, unless it is large."""
        if len(body) > _MOST_BYTES:
            return
        self._found[type(document), body] = document
        if len(self._found) > _KEPT:
            self._found.popitem(last=False)
