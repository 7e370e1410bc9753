"""A table of prompts: what a gate over experts learns from, and what is reported of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate
from models.result import Grade
from models.units import Microjoules, Ppm


class ScoredExpert(Document):
    """An expert that answered the prompts; request_energy_uj: of one answer."""

    name: Name
    request_energy_uj: Microjoules = 0


class Prompt(Document):
    """One prompt: its category, its features (an embedding, say), the score of each answer.

    scores_ppm: one per expert, in their order; 1,000,000 where the answer was right, 0 where wrong.
    """

    category: Name
    features: Annotated[tuple[float, ...], Field(min_length=1, max_length=4096)]
    scores_ppm: tuple[Ppm, ...]


class PromptTable(Document):
    """Prompts and how well each expert answered them."""

    kind: Literal["prompts"] = "prompts"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    experts: Annotated[tuple[ScoredExpert, ...], Field(min_length=2, max_length=200)]
    prompts: Annotated[tuple[Prompt, ...], Field(min_length=4, max_length=100_000)]

    @model_validator(mode="after")
    def _rows_are_alike(self) -> Self:
        twice = first_duplicate([expert.name for expert in self.experts])
        if twice is not None:
            raise contradiction(f"two experts are named '{twice}'", "give each its own name")
        wide = len(self.prompts[0].features)
        for number, prompt in enumerate(self.prompts):
            if len(prompt.scores_ppm) != len(self.experts):
                raise contradiction(
                    f"prompts/{number} has {len(prompt.scores_ppm)} scores "
                    f"for {len(self.experts)} experts",
                    "give one per expert, in their order",
                )
            if len(prompt.features) != wide:
                raise contradiction(
                    f"prompts/{number} has {len(prompt.features)} features, the first has {wide}",
                    "give all prompts equally many",
                )
        return self


class TwoLevels(Document):
    """A selection of experts and what a gate restricted to it is worth on held-out prompts.

    grade: of the selection, None where it was given; energy_uj: of the experts kept, each once;
    top_k: experts asked per prompt; the qualities are mean scores: `restricted` of the gate trained
    once on all experts, `retrained` of one trained on those kept, `best_single` of the kept expert
    that was best in training, `uniform` of all kept ones equally; falls: an example of a selection
    that an expert more makes worse, None where the check found none.
    """

    experts: tuple[Name, ...]
    grade: Grade | None
    energy_uj: int
    energy_limit_uj: int | None
    top_k: int
    trained_on: int
    held_out: int
    restricted_ppm: int
    retrained_ppm: int
    best_single: Name
    best_single_ppm: int
    uniform_ppm: int
    falls: str | None
