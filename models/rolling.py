"""A placement of experts that follows a changing world: what is observed, and what came of it."""

from typing import Annotated

from pydantic import Field

from models.base import Document, Name
from models.problems.offload_placement import Counts, OffloadPlacementPlan, Pattern
from models.result import Grade
from models.units import BitsPerSecond, Bytes


class ObservedLink(Document):
    """The bandwidth seen on a link of the problem, named by its ends, once.

    A link that is not directed may be named from either end.
    """

    source: Name
    target: Name
    bandwidth_bit_per_s: BitsPerSecond


class Observation(Document):
    """What was seen in a step; what is left out stays as it was.

    memory_bytes: by holder; activations: by layer, [sites][experts], counted over as many tokens
    as the problem's; patterns: by layer, instead of activations where the slowest expert counts.
    """

    name: Name
    memory_bytes: dict[Name, Bytes] = {}
    links: tuple[ObservedLink, ...] = ()
    activations: dict[Name, Annotated[tuple[Counts, ...], Field(min_length=1)]] = {}
    patterns: dict[Name, tuple[Pattern, ...]] = {}


class RollingStep(Document):
    """A step's plan and what came of it.

    latency_ns, kept_ns: over the horizon, of the plan and of the one before it, None where there
    is none or it breaks a rule; lower_bound_ns: of latency and migration together; moved: pieces;
    explanation: why there is no plan.
    """

    name: str
    grade: Grade
    latency_ns: int | None = None
    migration_ns: int | None = None
    lower_bound_ns: int | None = None
    kept_ns: int | None = None
    moved: int = 0
    moved_bytes: int = 0
    explanation: tuple[str, ...] = ()
    plan: OffloadPlacementPlan | None = None

    @property
    def gap(self) -> float | None:
        """How far latency and migration are above the bound at most, None where not known."""
        if self.latency_ns is None or self.migration_ns is None or self.lower_bound_ns is None:
            return None
        total = self.latency_ns + self.migration_ns
        return (total - self.lower_bound_ns) / total if total else 0.0


class Rolling(Document):
    """Steps, the first for the problem as it is; tokens: of the horizon.

    stopped: whether it was cancelled, and the steps are those that had been done.
    """

    tokens: int
    steps: tuple[RollingStep, ...]
    stopped: bool = False
    wall_ns: int
