"""How large a problem may be: what is counted by the names of its fields, in every kind alike.

What a server takes is a matter of its memory, not of the methods: a problem is read, kept and
verified by the process that serves all others. /v1/estimates tells what would be run.
"""

from collections.abc import Iterator

from api.errors import ProblemError
from api.settings import Settings
from models.base import Document

# Dimension (a setting is named after it) -> fields that count; a number counts as it stands.
_FIELDS = {
    "devices": ("devices", "servers", "streams", "accelerators", "cpus"),
    "layers": ("layers", "operators"),
    "experts": ("experts",),
}
_REMEDIES = {
    "devices": "leave out devices that cannot be used, or plan parts of the network by themselves",
    "layers": "merge neighbouring layers, or operators that run together",
    "experts": "drop experts that no request needs, or plan groups of them by themselves",
}


def sizes(problem: Document) -> dict[str, int]:
    """Dimension -> the largest count of it anywhere in a problem."""
    found = dict.fromkeys(_FIELDS, 0)
    for name, count in _counts(problem):
        for dimension, fields in _FIELDS.items():
            if name in fields:
                found[dimension] = max(found[dimension], count)
    return found


def refuse_large(problem: Document, settings: Settings) -> None:
    """Raises ProblemError (413) that says which dimension to cut."""
    for dimension, count in sizes(problem).items():
        limit: int = getattr(settings, f"max_{dimension}")
        if count > limit:
            words = f"the problem has {count:,} {dimension}, this server takes {limit:,} at most"
            raise ProblemError("problem-too-large", 413, f"{words}; {_REMEDIES[dimension]}")


def _counts(document: Document) -> Iterator[tuple[str, int]]:
    """(field, count) of the lists and numbers of a document, and of the documents in it."""
    for name, value in document:
        if isinstance(value, Document):
            yield from _counts(value)
        elif isinstance(value, tuple | list | dict):
            yield name, sum(getattr(item, "repeat", 1) for item in value)
        elif isinstance(value, int):
            yield name, value
