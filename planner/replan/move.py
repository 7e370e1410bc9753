"""What a change of plan means for the devices."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.devices import DeviceGraph

# So many known names are told.
_TOLD = 8


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
