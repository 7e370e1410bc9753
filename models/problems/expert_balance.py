"""Replicas of experts on parallel devices, so that no device is the one that all wait for.

Every device g has slots, each holding one replica of one of a layer's experts; every expert has at
least one. With n_eg replicas of expert e on g, c_e = Σ_g n_eg, and w_tle tokens for it in window t
of layer l, the layer takes as long as its slowest device:

    z_tl = max_g ceil(10⁹ · load_tlg / tokens_per_s_g)                                   ns

    equal_split   load_tlg = Σ_e (n_eg / c_e) w_tle            (what EPLB's runtimes do)
    split         load_tlg = Σ_e f_tleg,  f ≥ 0,  Σ_g f_tleg = w_tle,  f_tleg = 0 where n_eg = 0,
                  the flows f being those with the least z_tl, for each window anew (two stages)

Minimised is, over placements n,

    time   Σ_l [ Σ_t weight_t z_tl + tail_weight · (sum of the `tail_windows` largest z_tl) ]
           + ns_per_replica · (experts on devices that did not have them before)              ns
    hops   Σ_l Σ_ab transitions_lab · (1 - Σ_g (n_lag / c_la) (n_l+1,b,g / c_l+1,b))      tokens

The sum of the k largest is k times the conditional value at risk of the worst k of T windows
(Rockafellar and Uryasev, J. of Risk 2000). Hops are of tokens that go from a device to another
between adjacent layers where replicas are taken at random; they are minimised in equal_split, with
load_lg ≤ (1 + balance_slack_ppm / 10⁶) · (mean load per speed) · speed_g on the weighted sum of the
windows.

Nodes: with `groups` g > 1 (equal runs of experts) a multiple of the number n > 1 of nodes, all
replicas of a group stay on one node and each node has g / n groups: EPLB's hierarchical contract.
Otherwise all devices count as one node, as there.

Held-out windows cost nothing; the verdict on a plan says how it does on them.

Sources: EPLB, the expert parallelism load balancer of DeepSeek-V3 (deepseek-ai/EPLB, 2025;
DeepSeek-V3 Technical Report, 2024, §3.4): replicas, equal split, groups and nodes, the layout
`physical_to_logical_map`. Two stages: Birge and Louveaux, Introduction to Stochastic Programming.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name
from models.problems.expert_balance_checks import (
    check_hops,
    check_names,
    check_previous,
    check_range,
    check_shapes,
)
from models.units import Nanoseconds, Ppm

# Tokens for one expert in one window.
Tokens = Annotated[int, Field(ge=0, le=10**9)]
Matrix = tuple[tuple[Tokens, ...], ...]
Map = tuple[tuple[Annotated[int, Field(ge=-1, le=10**4)], ...], ...]


class Mode(StrEnum):
    """Who shares the tokens of an expert among its replicas: an LP per window, or all alike."""

    SPLIT = "split"
    EQUAL_SPLIT = "equal_split"


class BalanceObjective(StrEnum):
    """What is minimised: ns of the slowest devices, or tokens that change device."""

    TIME = "time"
    HOPS = "hops"


class BalanceDevice(Document):
    """A device: replicas it holds per layer, tokens it takes through an expert per second."""

    name: Name
    slots: Annotated[int, Field(ge=1, le=1000)]
    tokens_per_s: Annotated[int, Field(ge=1, le=10**9)] = 10**6
    node: Name | None = None


class LoadWindow(Document):
    """A span of time: its weight and the tokens of each expert, [layers][experts]."""

    name: Name
    weight: Annotated[int, Field(ge=1, le=10**6)] = 1
    loads: Annotated[Matrix, Field(min_length=1, max_length=500)]


class PreviousBalance(Document):
    """The placement in force, and what it costs to bring an expert to a device.

    -1 stands for an empty slot, as after a change of the devices.
    """

    physical_to_logical_map: Map
    ns_per_replica: Nanoseconds = 0


class ExpertBalanceProblem(Document):
    """Devices, windows of loads and what is asked of a placement; see the module."""

    kind: Literal["expert_balance"] = "expert_balance"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    devices: Annotated[tuple[BalanceDevice, ...], Field(min_length=1, max_length=1000)]
    groups: Annotated[int, Field(ge=1, le=1000)] = 1
    windows: Annotated[tuple[LoadWindow, ...], Field(min_length=1, max_length=200)]
    held_out: Annotated[tuple[LoadWindow, ...], Field(max_length=200)] = ()
    mode: Mode = Mode.SPLIT
    objective: BalanceObjective = BalanceObjective.TIME
    tail_windows: Annotated[int, Field(ge=1)] = 1
    tail_weight: Annotated[int, Field(ge=0, le=10**6)] = 0
    transitions: tuple[Matrix, ...] | None = None
    balance_slack_ppm: Ppm = 50_000
    previous: PreviousBalance | None = None

    @property
    def layers(self) -> int:
        """How many layers are placed."""
        return len(self.windows[0].loads)

    @property
    def experts(self) -> int:
        """How many experts each layer has."""
        return len(self.windows[0].loads[0])

    @property
    def slots(self) -> int:
        """How many replicas a layer has."""
        return sum(device.slots for device in self.devices)

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes in order of appearance; none where devices name none."""
        return tuple(dict.fromkeys(d.node for d in self.devices if d.node is not None))

    @property
    def hierarchical(self) -> bool:
        """Whether groups are bound to nodes."""
        return self.groups > 1 and len(self.nodes) > 1 and self.groups % len(self.nodes) == 0

    @property
    def unit(self) -> str:
        """The unit of the objective."""
        return "ns" if self.objective is BalanceObjective.TIME else "tokens"

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        if self.objective is BalanceObjective.HOPS:
            return "tokens that change device"
        return "time of the slowest devices"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        return f"{self.layers} x {self.experts} experts, {len(self.devices)} devices"

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        check_names(self)
        check_shapes(self)
        check_previous(self)
        check_hops(self)
        check_range(self)
        return self


class ExpertBalancePlan(Document):
    """The expert in every slot: [layers][slots], devices in the problem's order, slots in a row.

    The layout that expert-parallel runtimes read as `physical_to_logical_map`.
    """

    kind: Literal["expert_balance"] = "expert_balance"
    physical_to_logical_map: Map
