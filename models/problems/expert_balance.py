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

from models.base import Document, Name, contradiction, first_duplicate
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
    def _names_go_together(self) -> Self:
        windows = [window.name for window in (*self.windows, *self.held_out)]
        for group, names in (("devices", [d.name for d in self.devices]), ("windows", windows)):
            twice = first_duplicate(names)
            if twice is not None:
                raise contradiction(f"'{twice}' is named twice in {group}", "give each its own")
        if len({device.node is None for device in self.devices}) > 1:
            raise contradiction("some devices name a node, some do not", "name all nodes or none")
        return self

    @model_validator(mode="after")
    def _shapes_agree(self) -> Self:
        shape = (self.layers, self.experts)
        for window in (*self.windows, *self.held_out):
            sizes = {len(row) for row in window.loads}
            if (len(window.loads), sizes) != (shape[0], {shape[1]}) or shape[1] == 0:
                raise contradiction(
                    f"the loads of '{window.name}' are not {shape[0]} x {shape[1]}",
                    "give each window the same layers and experts, one expert or more",
                )
        if self.experts % self.groups:
            raise contradiction(
                f"{self.experts} experts do not make {self.groups} equal groups",
                "give a number of groups that divides the experts",
            )
        if self.tail_windows > len(self.windows):
            raise contradiction("the tail has more windows than there are", "give fewer")
        before = () if self.previous is None else self.previous.physical_to_logical_map
        if self.previous is not None and [len(row) for row in before] != [self.slots] * shape[0]:
            raise contradiction(
                f"the previous map is not {shape[0]} x {self.slots}",
                "give one expert per layer and slot, -1 for an empty slot",
            )
        return self

    @model_validator(mode="after")
    def _hops_have_what_they_need(self) -> Self:
        found = self.transitions
        if self.objective is BalanceObjective.HOPS:
            if found is None:
                raise contradiction("hops need 'transitions'", "give them, or minimise time")
            if self.mode is not Mode.EQUAL_SPLIT or self.previous or self.tail_weight:
                raise contradiction(
                    "hops are of an equal split, without tail or previous placement",
                    "write 'mode: equal_split' and leave out the others",
                )
        if found is not None:
            rows = [len(matrix) for matrix in found] + [len(r) for matrix in found for r in matrix]
            if len(found) != self.layers - 1 or any(size != self.experts for size in rows):
                raise contradiction(
                    "transitions are not [layers - 1][experts][experts]", "give one per next layer"
                )
        return self

    @model_validator(mode="after")
    def _sums_stay_in_range(self) -> Self:
        slowest = min(device.tokens_per_s for device in self.devices)
        heaviest = max(sum(row) for window in self.windows for row in window.loads)
        weight = sum(window.weight for window in self.windows)
        weight += self.tail_weight * self.tail_windows
        worst = (heaviest * 10**9 // slowest + 1) * weight * self.layers
        if self.previous is not None:
            worst += self.previous.ns_per_replica * self.slots * self.layers
        moved = sum(sum(row) for matrix in self.transitions or () for row in matrix)
        if max(worst, moved) > 2**60:
            raise contradiction(
                "the objective may grow beyond 64 bits",
                "give smaller weights, or loads of shorter windows",
            )
        return self


class ExpertBalancePlan(Document):
    """The expert in every slot: [layers][slots], devices in the problem's order, slots in a row.

    The layout that expert-parallel runtimes read as `physical_to_logical_map`.
    """

    kind: Literal["expert_balance"] = "expert_balance"
    physical_to_logical_map: Map
