"""What a change of plan means for the devices."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from models.devices import DeviceGraph

# So many known names are told.
_TOLD = 8
# Decimals of few digits: an exponent of ten digits would take a minute to write out.
_FACTOR = re.compile(r"[+-]?[0-9]{1,9}(\.[0-9]{1,9})?")
_SHOWN = 40


@dataclass(frozen=True)
class Move:
    """A piece of the model that a device has to load: from `source`, None where none held it."""

    what: str
    source: str | None
    target: str
    size_bytes: int


class ChangeError(ValueError):
    """A change that does not fit the problem.

    about: which part of the change, "lost", "slowed" or "migration_weight"; None for all of it.
    """

    def __init__(self, reason: str, about: str | None = None) -> None:
        super().__init__(reason)
        self.about = about


def check_names(graph: DeviceGraph, names: Iterable[str], about: str) -> None:
    """Raises ChangeError for a device that the graph does not have."""
    for name in names:
        if graph.device(name) is None:
            known = [device.name for device in graph.devices]
            rest = ", …" if len(known) > _TOLD else ""
            reason = f"there is no device '{name}'; use one of: {', '.join(known[:_TOLD])}{rest}"
            raise ChangeError(reason, about)


def factor_of(text: str) -> Fraction:
    """How many times slower, from "2" or "1.5". Raises ChangeError."""
    if _FACTOR.fullmatch(text) is None:
        reason = f"'{text[:_SHOWN]}' is no factor; write a number such as 2 or 1.5"
        raise ChangeError(reason, "slowed")
    factor = Fraction(text)
    if not 0 < factor <= 1000:
        reason = f"{text} times slower is out of range; write more than 0, up to 1000"
        raise ChangeError(reason, "slowed")
    return factor
