"""What the service is asked about experts beside plans: caches, and placements that follow."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Document, contradiction
from models.problems.offload_placement import OffloadPlacementProblem
from models.result import Limits
from models.rolling import Observation
from models.units import Ppm

_Expert = Annotated[int, Field(ge=0, lt=4096)]
_Token = tuple[tuple[_Expert, ...], ...]


class CacheRequest(Document):
    """A routing table to be replayed at several sizes of a cache.

    routing: [tokens][layers][top-k] the experts chosen; experts: per layer, one more than the
    largest chosen where left out; planned_tokens: that pins are taken from, half where left out;
    slots: experts that fit, of all layers together.
    """

    routing: Annotated[tuple[_Token, ...], Field(min_length=2)]
    experts: Annotated[int, Field(ge=1, le=4096)] | None = None
    planned_tokens: Annotated[int, Field(ge=1)] | None = None
    slots: Annotated[
        tuple[Annotated[int, Field(ge=1, le=10**6)], ...], Field(min_length=1, max_length=20)
    ]
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        shape = len(self.routing[0]), {len(row) for row in self.routing[0]}
        for token, rows in enumerate(self.routing):
            if (len(rows), {len(row) for row in rows}) != shape or len(shape[1]) != 1:
                raise contradiction(
                    "the tokens have different numbers of layers or experts",
                    "give [tokens][layers][top-k], the same for every token",
                    *("routing", token),
                )
        if self.planned_tokens is not None and self.planned_tokens >= len(self.routing):
            raise contradiction(
                f"{self.planned_tokens} tokens of {len(self.routing)} leave none to hold out",
                "plan with fewer",
                "planned_tokens",
            )
        return self


class RollRequest(Document):
    """A placement that is to follow what is observed, step by step.

    weight_ppm: of what is seen against what was before; ns_per_mib: the price of moving, where left
    out the problem's own (of `present`), else none; limits: of all steps together.
    """

    problem: OffloadPlacementProblem
    steps: Annotated[tuple[Observation, ...], Field(min_length=1, max_length=100)]
    weight_ppm: Annotated[Ppm, Field(ge=1)] = 500_000
    ns_per_mib: Annotated[int, Field(ge=0, le=10**12)] | None = None
    limits: Limits = Limits()
