"""Sequence pipelines: a prompt in chunks through the stages of a model, then decoding.

Choose stages s = 1..S as in `pipeline_partition` (a device d_s, no device twice, layers [a_s, b_s)
that cover the chain, at least one each), and chunk lengths x_1..x_U of the prompt's n tokens:
Σ x_u = n, each at least min(n, min_chunk_tokens), each but the last a multiple of chunk_step.
With y_u = x_1 + .. + x_{u-1} tokens before chunk u,

    t(u, s) = Σ_{l in s} [ chunk + token · x_u + round(kilopair · pairs_u / 1000) ]   of (d_s, l)
    pairs_u = x_u y_u + x_u (x_u + 1) / 2        how often a token attends to one, itself included
    c(u, s) = latency + ceil((output bytes · x_u + message bytes) / bandwidth)        d_s to d_{s+1}

the chunks go through the stages in order, as jobs through a flow shop,

    C(u, m) = max(C(u - 1, m), C(u, m - 1)) + t(u, m)

over devices and links in turn where they overlap, else over devices that compute and send. The
prefill takes C(U, S). Decoding adds, with M `points` that generate at the same time (the points of
an outline, or requests) and passes that keep `accepted_milli` / 1000 tokens each (speculation),

    R = ceil(1000 · ceil(new tokens / M) / accepted_milli)                    passes per point
    L = Σ_s p_s + Σ_s e_s,   P = max over s of p_s and e_s (of p_s + e_s without overlap)
    (R - 1) max(L, M P) + L + (M - 1) P

with p_s the time of one pass on stage s and e_s that of sending its `pass_tokens` tokens on, from
the last stage `token_bytes` each back to the first. Minimised, in ns,

    prefill     C(U, S)
    request     prefill and decoding

subject to, on every stage,

    Σ weights + Σ cache · (prompt + new tokens) + max activations · max(x_u, pass_tokens) ≤ memory

a link for every transfer and, where asked for, all devices in use and the devices in a given
order. (The points share the prompt's cache, and their new tokens are new_tokens together.)

The time factorises where t(u, s) = a_s · w_u and sending takes no time. There

    C(U, S) ≤ (Σ a - max a) · max w + max a · Σ w

with equality where all w or all a are equal: what Jupiter's planner minimises (Σ t + (D - 1) max t
for D equal stages), the left side being what is minimised here.

Sources: Jupiter (Ye et al., 2025, arXiv 2504.08242, §IV), TeraPipe (Li et al., ICML 2021, §3.3),
the flow shop: Pinedo, Scheduling, §6.1.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction
from models.devices import Device, DeviceGraph
from models.layers import Layer, ModelGraph
from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline_checks import check_order, check_times, check_transfers
from models.units import Bytes, Nanoseconds, format_quantity

MAX_PROMPT = 10**6


class SequenceObjective(StrEnum):
    """What is minimised; every value is in ns."""

    PREFILL = "prefill"
    REQUEST = "request"


class LayerTimes(Document):
    """What one layer takes on one type of device.

    chunk_ns: per chunk, however long; token_ns: per token of a chunk; kilopair_ns: per 1000 pairs
    of a token and one that it attends to; pass_ns: one decoding pass.
    """

    chunk_ns: Nanoseconds = 0
    token_ns: Nanoseconds
    kilopair_ns: Nanoseconds = 0
    pass_ns: Nanoseconds = 0


class Decoding(Document):
    """Generating `new_tokens` at `points` places at once.

    accepted_milli: thousandths of tokens that a pass keeps on average; pass_tokens: tokens that a
    pass works on and sends, drafts included.
    """

    new_tokens: Annotated[int, Field(ge=1, le=10**6)]
    points: Annotated[int, Field(ge=1, le=10**4)] = 1
    accepted_milli: Annotated[int, Field(ge=1000, le=10**5)] = 1000
    pass_tokens: Annotated[int, Field(ge=1, le=10**4)] = 1

    @model_validator(mode="after")
    def _a_pass_keeps_what_it_works_on(self) -> Self:
        if self.accepted_milli > 1000 * self.pass_tokens:
            least = -(-self.accepted_milli // 1000)
            raise contradiction(
                f"a pass cannot keep {self.accepted_milli / 1000:g} tokens (accepted_milli) of the "
                f"{self.pass_tokens} it works on (pass_tokens)",
                f"write pass_tokens of {least} or more, drafts included, or at most "
                f"{1000 * self.pass_tokens} for accepted_milli",
                "accepted_milli",
            )
        return self

    @property
    def passes(self) -> int:
        """Passes of each point, R."""
        share = -(-self.new_tokens // self.points)
        return -(-share * 1000 // self.accepted_milli)


class SequencePipelineProblem(Document):
    """A prompt, a chain model and a device graph; see the module for the mathematics.

    times: per device type and layer name.
    """

    kind: Literal["sequence_pipeline"] = "sequence_pipeline"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    model: ModelGraph
    times: dict[Name, dict[Name, LayerTimes]]
    device_graph: DeviceGraph
    prompt_tokens: Annotated[int, Field(ge=1, le=MAX_PROMPT)]
    min_chunk_tokens: Annotated[int, Field(ge=1, le=MAX_PROMPT)] = 1
    chunk_step: Annotated[int, Field(ge=1, le=MAX_PROMPT)] = 1
    decoding: Decoding | None = None
    objective: SequenceObjective = SequenceObjective.PREFILL
    message_bytes: Bytes = 0
    token_bytes: Bytes = 4
    overlap: bool = True
    use_all_devices: bool = False
    device_order: tuple[Name, ...] | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The chain's layers in order, repetitions spelled out."""
        chain = self.model.chain
        if chain is None:
            raise ValueError("the model is not a chain")
        return chain

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the graph."""
        return self.device_graph.devices

    @property
    def least_chunk(self) -> int:
        """Tokens that a chunk has at least: the whole prompt where it is short."""
        return min(self.prompt_tokens, self.min_chunk_tokens)

    @property
    def context_tokens(self) -> int:
        """The longest context, for which a cache is provided."""
        return self.prompt_tokens + (0 if self.decoding is None else self.decoding.new_tokens)

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        whole = self.objective is SequenceObjective.REQUEST
        return "request (prefill and decoding)" if whole else "prefill"

    @property
    def timed_decoding(self) -> Decoding | None:
        """The decoding whose time counts."""
        return self.decoding if self.objective is SequenceObjective.REQUEST else None

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        devices, layers = len(self.devices), len(self.layers)
        return (
            f"{format_quantity(devices, 'devices')}, {format_quantity(layers, 'layers')}, "
            f"{format_quantity(self.prompt_tokens, 'tokens')}"
        )

    @model_validator(mode="after")
    def _model_is_a_chain(self) -> Self:
        if self.model.chain is None:
            raise contradiction(
                "the model's edges do not form a chain",
                "merge the layers of each branch into one, or leave 'edges' out",
                *("model", "edges"),
            )
        return self

    @model_validator(mode="after")
    def _a_request_decodes(self) -> Self:
        if self.objective is SequenceObjective.REQUEST and self.decoding is None:
            raise contradiction(
                "a request without decoding is its prefill",
                "give 'decoding', or the objective prefill",
                "decoding",
            )
        return self

    @model_validator(mode="after")
    def _the_order_is_whole(self) -> Self:
        check_order(self)
        return self

    @model_validator(mode="after")
    def _every_time_is_known_and_sane(self) -> Self:
        check_times(self)
        check_transfers(self)
        return self


class SequencePipelinePlan(Document):
    """The stages in the order in which a chunk passes through them, and the chunks' lengths."""

    kind: Literal["sequence_pipeline"] = "sequence_pipeline"
    stages: tuple[Stage, ...]
    chunks: tuple[int, ...]
