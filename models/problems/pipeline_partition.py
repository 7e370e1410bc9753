"""Pipeline partitioning: contiguous layer ranges of a chain on distinct devices, in an order.

Choose stages s = 1..S: a device d_s, no device twice, and layers [a_s, b_s) with a_1 = 0,
b_s = a_{s+1}, b_S = L, each stage at least one layer. Let

    t_s = Σ_{a_s ≤ l < b_s} time(l, d_s)                     time of one unit, ns
    c_s = transfer of layer b_s - 1's output from d_s to d_{s+1}, ns; c_S = the return hop from
          d_S to the source device where `return_hop` is set and they differ, else 0

    time(l, d)   = measured for (type of d, l, unit), else launch overhead
                   + max(flops x tokens x batch / flops_per_s, bytes / memory_bytes_per_s)
                   with bytes = weights + cache of the batch at full context, rounded half up
    transfer     = latency + ceil((output bytes x tokens x batch + message bytes) / bandwidth)

    latency     Σ t_s + Σ c_s                                one unit alone
    throughput  max of all t_s and c_s  (overlapped: sending and computing at once), or
                max of all t_s + c_s    (not overlapped: a device that sends does not compute)
    makespan    latency + (units - 1) x throughput           `units` equal units in a row

plus, where a previous plan is given, the price of moving weights: for each layer on a device that
did not hold it, its weight bytes x ns_per_mib / MiB, rounded half up per layer;

subject to, on every stage,

    Σ weights + Σ cache x context x resident requests + max activations x tokens x batch
        ≤ memory of d_s

a link for every transfer; and, where asked for, the first layer on the source device, all
devices in use, the devices in a given order (some may be left out).

Sources: PipeDream (Narayanan et al., SOSP 2019, §3.1), EdgeShard (Zhang et al., 2024, §IV),
PipeEdge (Hu et al., DSD 2022, §III), Jupiter (Ye et al., 2025, §IV). The makespan of equal units
through a permutation flow shop is exact (Pinedo, Scheduling, §6.1), links being machines too
where they overlap.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import MAX_DEVICES, Device, DeviceGraph
from models.layers import Layer, ModelGraph, Profile
from models.problems.pipeline_partition_checks import check_times, check_transfers
from models.units import MAX_DURATION_NS, Nanoseconds, format_quantity
from models.workload import Inference


class PipelineObjective(StrEnum):
    """What is minimised; every value is in ns."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"
    MAKESPAN = "makespan"


class Stage(Document):
    """Layers `start` to `stop` - 1, counted from 0 along the chain, on one device."""

    device: Name
    start: Annotated[int, Field(ge=0)]
    stop: Annotated[int, Field(ge=1)]


class PreviousPlan(Document):
    """The stages in force, whose devices may be gone, and what moving weights costs.

    ns_per_mib: ns added to the objective per MiB that a device has to load; 0 only reports it.
    """

    stages: Annotated[tuple[Stage, ...], Field(max_length=MAX_DEVICES)]
    ns_per_mib: Nanoseconds = 0


class PipelinePartitionProblem(Document):
    """A chain model on a device graph; see the module for the mathematics."""

    kind: Literal["pipeline_partition"] = "pipeline_partition"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    model: ModelGraph
    profile: Profile = Profile()
    device_graph: DeviceGraph
    workload: Inference = Inference()
    objective: PipelineObjective
    units: Annotated[int, Field(ge=1, le=10**5)] | None = None
    overlap: bool = True
    source_device: Name | None = None
    return_hop: bool = False
    use_all_devices: bool = False
    device_order: tuple[Name, ...] | None = None
    previous: PreviousPlan | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The chain's layers in order, repetitions spelled out."""
        chain = self.model.chain
        if chain is None:
            raise ValueError("the model is not a chain")
        return chain

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        if self.objective is PipelineObjective.THROUGHPUT:
            return f"{self.objective} (time per unit)"
        units = f" of {self.units} units" if self.units is not None else ""
        return f"{self.objective}{units}"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        devices, layers = len(self.devices), len(self.layers)
        return f"{format_quantity(devices, 'devices')}, {format_quantity(layers, 'layers')}"

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices of the graph."""
        return self.device_graph.devices

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
    def _units_go_with_makespan(self) -> Self:
        makespan = self.objective is PipelineObjective.MAKESPAN
        if makespan and self.units is None:
            raise contradiction(
                "the makespan of how many units?", "give 'units', 1 or more", "units"
            )
        if not makespan and self.units is not None:
            raise contradiction(
                f"'units' says nothing for the objective {self.objective}",
                "leave 'units' out",
                "units",
            )
        return self

    @model_validator(mode="after")
    def _named_devices_exist(self) -> Self:
        known = {device.name for device in self.devices}
        order = list(self.device_order or ())
        named: list[tuple[str | None, tuple[str | int, ...]]] = [
            (self.source_device, ("source_device",)),
            *((name, ("device_order", index)) for index, name in enumerate(order)),
        ]
        for name, place in named:
            if name is not None and name not in known:
                raise contradiction(
                    f"the device '{name}' is not in the device graph",
                    f"use one of: {', '.join(sorted(known)[:8])}",
                    *place,
                )
        return self

    @model_validator(mode="after")
    def _the_order_is_whole(self) -> Self:
        if self.device_order is None:
            return self
        order = list(self.device_order)
        twice = first_duplicate(order)
        if twice is not None:
            place = ("device_order", last_index(order, twice))
            raise contradiction(
                f"device_order names '{twice}' twice", "name each device once", *place
            )
        missing = sorted({device.name for device in self.devices} - set(order))
        if missing:
            raise contradiction(
                f"device_order leaves '{missing[0]}' out",
                "name every device; a plan may still leave some of them unused",
                "device_order",
            )
        return self

    @model_validator(mode="after")
    def _return_hop_has_a_source(self) -> Self:
        if self.return_hop and self.source_device is None:
            raise contradiction(
                "return_hop needs somewhere to return to", "give 'source_device'", "source_device"
            )
        return self

    @model_validator(mode="after")
    def _previous_stages_lie_in_the_chain(self) -> Self:
        stages = () if self.previous is None else self.previous.stages
        for index, stage in enumerate(stages):
            if not stage.start < stage.stop <= len(self.layers):
                raise contradiction(
                    f"previous holds layers {stage.start} to {stage.stop - 1} on "
                    f"'{stage.device}', but the chain has {len(self.layers)} layers",
                    "give start < stop, and stop no more than the number of layers",
                    *("previous", "stages", index),
                )
        return self

    @model_validator(mode="after")
    def _moves_are_sane(self) -> Self:
        price = 0 if self.previous is None else self.previous.ns_per_mib
        heaviest = max(self.layers, key=lambda layer: layer.weight_bytes)
        if heaviest.weight_bytes * price > MAX_DURATION_NS * 2**20:
            raise contradiction(
                f"moving layer '{heaviest.name}' costs over a day",
                "lower it, or check the layer's weight_bytes",
                *("previous", "ns_per_mib"),
            )
        return self

    @model_validator(mode="after")
    def _every_time_is_known_and_sane(self) -> Self:
        check_times(self)
        check_transfers(self)
        return self


class PipelinePartitionPlan(Document):
    """The stages in the order in which a unit passes through them."""

    kind: Literal["pipeline_partition"] = "pipeline_partition"
    stages: tuple[Stage, ...]
