"""What the model is asked to do."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from models.base import Document, contradiction
from models.units import Bytes


class Inference(Document):
    """Serving requests in units that flow through the devices.

    A unit is `unit_tokens` tokens of each of `batch` requests: 1 token to plan decoding, the
    prompt's length to plan prefill. `concurrency` requests (the batch, when left out) keep their
    cache of prompt and new tokens in memory at once. `message_bytes` is the fixed part of
    every transfer.
    """

    prompt_tokens: Annotated[int, Field(ge=0, le=10**7)] = 0
    new_tokens: Annotated[int, Field(ge=0, le=10**7)] = 0
    unit_tokens: Annotated[int, Field(ge=1, le=10**7)] = 1
    batch: Annotated[int, Field(ge=1, le=10**5)] = 1
    concurrency: Annotated[int, Field(ge=1, le=10**5)] | None = None
    message_bytes: Bytes = 0

    @property
    def context_tokens(self) -> int:
        """The longest context of a request, for which its cache is provided."""
        return self.prompt_tokens + self.new_tokens

    @property
    def resident_requests(self) -> int:
        """How many requests keep their cache in memory at once."""
        return self.batch if self.concurrency is None else self.concurrency

    @model_validator(mode="after")
    def _a_batch_is_resident(self) -> Self:
        if self.resident_requests < self.batch:
            raise contradiction(
                f"concurrency {self.concurrency} is less than the batch of {self.batch}",
                "raise the concurrency: a batch computes only when all its caches are in memory",
                "concurrency",
            )
        return self
