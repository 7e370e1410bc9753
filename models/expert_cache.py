"""What a replayed trace of expert uses says about pins and a cache, at several sizes."""

from models.base import Document


class ReplayedPolicy(Document):
    """A fixed policy's hits on the planning part of a trace and on the rest."""

    policy: str
    hits: int
    held_out_hits: int


class ChosenCache(ReplayedPolicy):
    """Experts pinned, numbered layer · experts + expert, and the slots that `policy` fills."""

    pins: tuple[int, ...]
    dynamic_slots: int


class CacheSize(Document):
    """One size: the fixed policies, the choice, and what is to be said about it."""

    slots: int
    fixed: tuple[ReplayedPolicy, ...]
    chosen: ChosenCache
    note: str


class ExpertCache(Document):
    """Sizes replayed; uses, held_out_uses: lengths of the two parts of the trace.

    cycle: uses per token; least_lru_slots: of the smallest LRU cache that hits at all on the
    planning part, None where none does; stopped: whether it was cancelled, and the sizes are those
    that had been replayed.
    """

    uses: int
    held_out_uses: int
    cycle: int
    least_lru_slots: int | None
    sizes: tuple[CacheSize, ...]
    stopped: bool = False
    wall_ns: int
