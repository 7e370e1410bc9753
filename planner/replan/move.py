"""What a change of plan means for the devices."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """A piece of the model that a device has to load: from `source`, None where none held it."""

    what: str
    source: str | None
    target: str
    size_bytes: int


class ChangeError(ValueError):
    """A change that does not fit the problem."""
