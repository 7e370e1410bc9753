"""Hybrid pipeline training: contiguous stages, each on a group of devices that share micro-batches.

A chain of L layers is trained in rounds of M micro-batches of B samples. Choose stages s = 1..P:
layers [a_s, b_s) with a_1 = 0, b_s = a_{s+1}, b_P = L, at least one each; a group G_s of devices,
no device in two; and of each micro-batch y_d ≥ 1 samples for every d of G_s, Σ y_d = B. With
forward(l, d) the time of one sample, ns, and n_s layers in stage s, the stage computes a
micro-batch forwards and backwards in

    F_s = max over d of G_s of launch_d n_s + y_d Σ_{a_s ≤ l < b_s} forward(l, d)
    E_s = F_s + round(F_s · backward_ppm / 10^6)

and between stages s and s + 1 activations go one way, their gradients, as large, the other:

    E = max over d of G_s, e of G_{s+1} of transfer(d, e) + the same of transfer(e, d)
    transfer = latency + ceil((output bytes of layer b_s - 1 x B + message bytes) / bandwidth)

Steps alternate, execution and communication; let E_1, E_2, ... be all of them in order. A round of
1F1B lasts

    max over steps c of (M E_c + Σ_{i<c} E_i)  +  max over stages of A_s

for the step c that is busy throughout is reached after, and left before, all steps before it; then
the groups average their gradients, all at once, on rings: with g = |G_s| > 1 devices,

    A_s = 2 (g - 1) · (the slowest link of the group for ceil(Σ weights of the stage / g) + message
          bytes, latency included)

Minimise the round, subject to, on every device of the q-th stage from the end,

    (1 + state copies) Σ weights + (2 q - 1) y_d Σ activations ≤ memory_d

a link for every transfer and, where asked for, all devices in use.

Source: Asteroid (Ye et al., MobiCom 2024, arXiv 2408.08015, §3.2 to §3.4, Algorithms 1 and 2). The
dominant step has to be that of the whole expression: the longest step alone underestimates.
Backward passes are a fixed multiple of forward ones on every device, so that one device is the
slowest of its group in both. The maximum ignores that a step may wait for another more than once:
no 1F1B round is shorter, and planner/simulate replays it event by event.
"""

from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import MAX_DEVICES, Device, DeviceGraph
from models.layers import MAX_LAYERS
from models.units import Bytes, Nanoseconds, format_quantity

# A round stays exact in double precision, which integer programs use: 104 days.
MAX_ROUND_NS = 2**53
_NS_BITS = 8 * 10**9


class TrainingObjective(StrEnum):
    """What is minimised, in ns."""

    ROUND = "round"


class TrainingLayer(Document):
    """One layer, or `repeat` equal ones in a row.

    weight_bytes: parameters; activation_bytes: what one sample keeps for the backward pass;
    output_bytes: what one sample sends on, and gets back as a gradient; forward_ns: time of one
    sample by device type.
    """

    name: Name
    repeat: Annotated[int, Field(ge=1, le=MAX_LAYERS)] = 1
    weight_bytes: Bytes
    activation_bytes: Bytes
    output_bytes: Bytes
    forward_ns: dict[Name, Nanoseconds]


class Share(Document):
    """A device of a stage and its samples of every micro-batch."""

    device: Name
    samples: Annotated[int, Field(ge=1)]


class TrainingStage(Document):
    """Layers `start` to `stop` - 1, counted from 0 along the chain, on a group of devices."""

    start: Annotated[int, Field(ge=0)]
    stop: Annotated[int, Field(ge=1)]
    shares: tuple[Share, ...]


class PipelineTrainingProblem(Document):
    """A chain to be trained on a device graph; see the module for the mathematics.

    samples: of one micro-batch; micro_batches: of a round; state_copies: what the optimiser and
    the gradients keep beside the weights, as many times; previous: the stages in force, whose
    devices may be gone, for the method `replay`.
    """

    kind: Literal["pipeline_training"] = "pipeline_training"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    layers: Annotated[tuple[TrainingLayer, ...], Field(min_length=1, max_length=MAX_LAYERS)]
    device_graph: DeviceGraph
    samples: Annotated[int, Field(ge=1, le=4096)]
    micro_batches: Annotated[int, Field(ge=1, le=10**5)]
    backward_ppm: Annotated[int, Field(ge=0, le=10**7)] = 2 * 10**6
    state_copies: Annotated[int, Field(ge=0, le=16)] = 2
    message_bytes: Bytes = 0
    use_all_devices: bool = False
    previous: Annotated[tuple[TrainingStage, ...], Field(max_length=MAX_DEVICES)] | None = None
    objective: TrainingObjective = TrainingObjective.ROUND

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"{self.objective} of {format_quantity(self.micro_batches, 'micro-batches')}"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        devices, layers = len(self.devices), len(self.chain)
        return f"{format_quantity(devices, 'devices')}, {format_quantity(layers, 'layers')}"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the graph."""
        return self.device_graph.devices

    @cached_property
    def chain(self) -> tuple[TrainingLayer, ...]:
        """The layers in order, repetitions spelled out."""
        return tuple(layer for layer in self.layers for _ in range(layer.repeat))

    def transfer_ns(self, source: str, target: str, size_bytes: int) -> int | None:
        """The time to send that much beside the fixed part, None where there is no link."""
        rate = self.device_graph.rate(source, target)
        if rate is None:
            return None
        size = size_bytes + self.message_bytes
        return rate.latency_ns - (-size * _NS_BITS // rate.bandwidth_bit_per_s)

    @model_validator(mode="after")
    def _layers_are_named_once(self) -> Self:
        names = [layer.name for layer in self.layers]
        twice = first_duplicate(names)
        if twice is not None:
            raise contradiction(
                f"two layers are named '{twice}'",
                "give each its own name, or use 'repeat'",
                *("layers", last_index(names, twice), "name"),
            )
        if len(self.chain) > MAX_LAYERS:
            raise contradiction(
                f"more than {MAX_LAYERS} layers after repetition", "merge layers", "layers"
            )
        return self

    @model_validator(mode="after")
    def _what_is_in_force_is_a_pipeline(self) -> Self:
        begin = 0
        for index, stage in enumerate(self.previous or ()):
            if stage.start != begin or stage.stop <= begin:
                raise contradiction(
                    f"stage {index} in force begins at layer {stage.start}, not {begin}",
                    "give the stages in order, without gaps",
                    *("previous", index, "start"),
                )
            begin = stage.stop
        if self.previous is not None and begin != len(self.chain):
            raise contradiction(
                f"the stages in force end at layer {begin} of {len(self.chain)}",
                "give the stages of a plan for this chain",
                "previous",
            )
        return self

    @model_validator(mode="after")
    def _every_time_is_given(self) -> Self:
        for device in self.devices:
            for index, layer in enumerate(self.layers):
                if device.profile_type not in layer.forward_ns:
                    raise contradiction(
                        f"layer '{layer.name}' has no time on '{device.profile_type}'",
                        "add it, or take the device out",
                        *("layers", index, "forward_ns"),
                    )
        return self

    @model_validator(mode="after")
    def _a_round_ends(self) -> Self:
        """The longest sum of steps there may be is within exact numbers."""
        largest = max(layer.output_bytes for layer in self.layers) * self.samples
        weights = sum(layer.weight_bytes for layer in self.chain)
        computing = max(
            len(self.chain) * device.launch_overhead_ns
            + self.samples * sum(layer.forward_ns[device.profile_type] for layer in self.chain)
            for device in self.devices
        )
        computing += 1 + computing * self.backward_ppm // 10**6
        steps, number = self.micro_batches + len(self.devices), len(self.devices)
        slowest = [0]
        for rate in (*self.device_graph.links, self.device_graph.default_link):
            if rate is not None:
                bits = rate.bandwidth_bit_per_s
                sent = 2 * steps * (largest + self.message_bytes)
                shared = 2 * number * self.message_bytes + 2 * (weights + number)
                latency = 2 * (steps + number) * (rate.latency_ns + 1)
                slowest.append(latency + (sent + shared) * _NS_BITS // bits)
        if steps * computing + max(slowest) > MAX_ROUND_NS:
            raise contradiction(
                "a round may take over 100 days",
                "check the times and the slowest link, or plan fewer micro-batches",
                "micro_batches",
            )
        return self


class PipelineTrainingPlan(Document):
    """The stages in the order in which a micro-batch passes through them."""

    kind: Literal["pipeline_training"] = "pipeline_training"
    stages: tuple[TrainingStage, ...]
