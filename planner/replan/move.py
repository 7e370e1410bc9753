"""What a change of plan means for the devices."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Move:
    """A piece of the model that a device has to load: from `source`, None where none held it."""

    what: str
    source: str | None
    target: str
    size_bytes: int


class ChangeError(ValueError):
    """A change that does not fit the problem."""


def factor_of(text: str) -> Fraction:
    """How many times slower, from text such as "2" or "1.5". Raises ChangeError."""
    try:
        factor = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ChangeError(f"'{text}' is no factor; write a number such as 2 or 1.5") from None
    if not 0 < factor <= 1000:
        raise ChangeError(f"{text} times slower is out of range; write more than 0, up to 1000")
    return factor
