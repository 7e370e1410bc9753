"""Tensor partitioning: the heads, MLP columns and sequence rows of equal layers over one group.

A model of `layers` equal Transformer layers reads a sequence of s rows (tokens). Choose a mode, a
set P of k devices, and for each of them a_d of h heads, b_d of m blocks of MLP columns, r_d rows:

    tensor+sequence   Σ a_d = h, Σ b_d = m, Σ r_d = s                       (Galaxy)
    tensor            Σ a_d = h, Σ b_d = m, every device all rows: r_d = s  (Megatron-LM)
    sequence          every device the whole model: a_d = h, b_d = m, Σ r_d = s

With R_d = r_d in the mode sequence and s in the others, the parts of one layer on device d take

    MHA_d = launch_d + attention_d · a_d R_d / (h s),  0 where a_d R_d = 0
    MLP_d = launch_d + mlp_d · b_d R_d / (m s),        0 where b_d R_d = 0
    CON_d = launch_d + connective_d · r_d / s,         0 where r_d = 0

ns, each quotient rounded half up. Devices synchronise on a ring through one switch; a step that
passes on c rows of x bytes takes as long as the slowest device of P,

    step(c, x) = max_d latency_d + ceil((c x + message bytes) / bandwidth_d)

and one layer takes, with S = step(max_d r_d, row bytes),

    tensor+sequence   B(max MHA, e_A, x_A) + B(max MLP, e_M, x_M) + 2 max CON, where
                      B(C, e, x) = C + 2 (k-1) S, and where transfers overlap with computing
                      B(C, e, x) = ceil(C + (k-1) (max(0, S - e C / k) + max(0, S - x C / k)))
    tensor            max MHA + max MLP + 2 max CON + 4 (k-1) step(ceil(s / k), row bytes)
    sequence          max (MHA + MLP + 2 CON) + (k-1) step(max_d r_d, key-value bytes)

A block of Galaxy's begins with an all-gather and ends with a reduce-scatter of k-1 steps each. Its
ring overlap cuts the matrix products at either end, shares e and x of the block's time, into k
tiles: every step but one takes max(tile, transfer). Minimise `layers` times that, subject to

    layers · (M_A a_d / h + M_M b_d / m) ≤ memory_d

exactly; and, where asked for, all devices in P.

Sources: Galaxy (Ye et al., INFOCOM 2024, arXiv 2405.17245, §III-B to §III-D); Megatron-LM (Shoeybi
et al., 2019, §3); sequence parallelism as ring self-attention (Li et al., ACL 2023). What is more
than in Galaxy's own statement: rows need not be equal, a device may be left out, and the three
ways to parallelise stand against each other.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import LinkRate
from models.units import Bytes, Nanoseconds, Ppm, format_quantity

MAX_MEMBERS = 64
# One pass of the model stays exact in double precision, which integer programs use: 104 days.
MAX_TOTAL_NS = 2**53
_NS_BITS = 8 * 10**9


class TensorMode(StrEnum):
    """What is split over the devices."""

    TENSOR_SEQUENCE = "tensor+sequence"
    TENSOR = "tensor"
    SEQUENCE = "sequence"


class TensorObjective(StrEnum):
    """What is minimised, in ns."""

    LATENCY = "latency"


class Member(LinkRate):
    """A device of the group, with its way to the switch.

    attention_ns, mlp_ns, connective_ns: time of the whole part of one layer for all rows, alone;
    launch_ns: fixed time per part it takes part in; memory_bytes: what weights may fill.
    """

    name: Name
    memory_bytes: Bytes
    attention_ns: Nanoseconds
    mlp_ns: Nanoseconds
    connective_ns: Nanoseconds
    launch_ns: Nanoseconds = 0


class Overlap(Document):
    """Shares of a block's time at its ends that run tile by tile beside transfers, ppm.

    Half and half suits an MLP of two equal products. Of a head's projections three stand before the
    attention itself and one behind it.
    """

    attention_entry_ppm: Ppm = 500_000
    attention_exit_ppm: Ppm = 250_000
    mlp_entry_ppm: Ppm = 500_000
    mlp_exit_ppm: Ppm = 500_000

    @model_validator(mode="after")
    def _ends_do_not_meet(self) -> Self:
        for block in ("attention", "mlp"):
            ends = getattr(self, f"{block}_entry_ppm") + getattr(self, f"{block}_exit_ppm")
            if ends > 10**6:
                raise contradiction(
                    f"the two ends of '{block}' are more than the whole",
                    "give shares whose sum is at most 1000000",
                    f"{block}_exit_ppm",
                )
        return self


class TensorPartitionProblem(Document):
    """Equal layers on one group of devices; see the module for the mathematics.

    attention_bytes, mlp_bytes: weights of one layer's parts; row_bytes: activations of one row;
    key_value_bytes: keys and values of one row, gathered in the mode sequence; overlap: left out
    where transfers wait for computing.
    """

    kind: Literal["tensor_partition"] = "tensor_partition"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    devices: Annotated[tuple[Member, ...], Field(min_length=1, max_length=MAX_MEMBERS)]
    layers: Annotated[int, Field(ge=1, le=1024)]
    heads: Annotated[int, Field(ge=1, le=1024)]
    columns: Annotated[int, Field(ge=1, le=2**15)]
    rows: Annotated[int, Field(ge=1, le=2**15)]
    attention_bytes: Bytes
    mlp_bytes: Bytes
    row_bytes: Bytes
    key_value_bytes: Bytes
    message_bytes: Bytes = 0
    overlap: Overlap | None = None
    modes: Annotated[tuple[TensorMode, ...], Field(min_length=1)] = tuple(TensorMode)
    use_all_devices: bool = False
    objective: TensorObjective = TensorObjective.LATENCY

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"{self.objective} of one pass"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        counts = {"devices": len(self.devices), "heads": self.heads, "columns": self.columns}
        return ", ".join(format_quantity(count, what) for what, count in counts.items())

    def step_ns(self, member: Member, rows: int, row_bytes: int) -> int:
        """One step of the ring on one device's way to the switch, ns."""
        size = rows * row_bytes + self.message_bytes
        return member.latency_ns - (-size * _NS_BITS // member.bandwidth_bit_per_s)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [member.name for member in self.devices]
        twice = first_duplicate(names)
        if twice is not None:
            place = ("devices", last_index(names, twice), "name")
            reason = f"two devices are named '{twice}'"
            raise contradiction(reason, "give each its own name", *place)
        if first_duplicate(list(self.modes)) is not None:
            raise contradiction("a mode stands twice", "name each mode once", "modes")
        return self

    @model_validator(mode="after")
    def _a_pass_ends(self) -> Self:
        row_bytes = max(self.row_bytes, self.key_value_bytes)
        for index, member in enumerate(self.devices):
            computing = member.attention_ns + member.mlp_ns + 2 * member.connective_ns
            step = self.step_ns(member, self.rows, row_bytes)
            whole = computing + 4 * (member.launch_ns + len(self.devices) * step)
            if self.layers * whole > MAX_TOTAL_NS:
                raise contradiction(
                    f"one pass takes '{member.name}' over 100 days",
                    "check the times and the bandwidth",
                    *("devices", index),
                )
        return self


class TensorShare(Document):
    """What one device has: heads, blocks of MLP columns, rows."""

    device: Name
    heads: Annotated[int, Field(ge=0)]
    columns: Annotated[int, Field(ge=0)]
    rows: Annotated[int, Field(ge=0)]


class TensorPartitionPlan(Document):
    """A mode, and the share of every device on the ring; a device that is not named stays out."""

    kind: Literal["tensor_partition"] = "tensor_partition"
    mode: TensorMode
    shares: tuple[TensorShare, ...]
