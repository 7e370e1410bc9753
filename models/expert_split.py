"""The tokens of one batch, split among the replicas of a placement of experts."""

from models.base import Document


class ExpertSplit(Document):
    """Tokens for every slot, in the layout of `physical_to_logical_map`, layers by slots.

    time_ns: of each layer's slowest device; balanced_ns: of perfect balance; equal_ns: had all
    replicas of an expert taken the same.
    """

    tokens: tuple[tuple[int, ...], ...]
    time_ns: tuple[int, ...]
    balanced_ns: tuple[int, ...]
    equal_ns: tuple[int, ...]
    wall_ns: int

    @property
    def total_ns(self) -> int:
        """All layers, one after another."""
        return sum(self.time_ns)
