"""Expert selection: which edge LLMs to keep in service, and who answers which prompts.

Every expert i is a whole LLM on a device. Prompts come in clusters c: a category, a weight w_c
(requests of the mix, W = Σ w_c), prompt and output tokens. Choose the experts in service S,

    minimise  ceil( Σ_c w_c (10⁶ - F_c(S)) / W )        the shortfall of quality, ppm

where F_c is the quality of an answer to cluster c. Let A_c be the experts that may answer c: those
with a quality for c and, in latency mode `routed`, a latency within the deadline of c's category.
With S_c = S ∩ A_c, q_ci the quality (ppm) and g_ci the weight that a softmax gate trained on all
experts gives (the exponential of its logit, any scale),

    modular      Σ_{i∈S_c} q_ci                               q a share of the whole
    best_expert  max_{i∈S_c} q_ci                             one expert is asked
    top_k        sum of the k largest q_ci, i∈S_c             q weighted by the gate
    coverage     10⁶ (1 - Π_{i∈S_c} (1 - q_ci / 10⁶))         all are asked, one has it
    gated        Σ_{i∈S_c} g_ci q_ci / Σ_{i∈S_c} g_ci         the gate restricted to S
    table        the measured quality of exactly S, the same for all c; only measured S are allowed

The first four are monotone and submodular in S; `gated` and `table` need be neither.

subject to

    answered     S_c is not empty for any c
    latency      ℓ_ci = up + queue + prompt x prefill + output x decode + down + aggregation,
                 with up and down the fastest paths (store and forward, each hop latency +
                 ceil(bits / bandwidth)) between the source device and the expert's;
                 worst_case: ℓ_ci ≤ deadline for every i in S and every c that it has a quality for;
                 routed: late experts are not in A_c. A device without a path is too late for all.
    energy       ε_ci = request + prompt x prefill + output x decode energy, e_i = max of ε_ci
                 over the clusters i may answer (0 if none);
                 worst_case: Σ_{i∈S} e_i ≤ E;   worst_top_k: the k largest e_i of S together ≤ E;
                 expected: Σ_c w_c Σ_{i asked for c} ε_ci ≤ E x W
    memory       Σ_{i∈S on device d} memory_i ≤ memory of d
    groups       at most one expert of a group (variants of one model)
    cardinality  |S| ≤ max_experts

In energy mode `expected` with `best_expert` or `top_k`, who is asked is a decision of its own: the
plan routes each cluster to 1..k experts of S_c (k = 1 for best_expert), and F_c is the sum of their
q_ci. Everywhere else S decides the routing; in the other models all of S_c are asked.

Sources: MoE² (Jin et al., "MoE²: Optimizing Collaborative Inference for Edge Large Language
Models", arXiv 2501.09410) for the two levels and the monotone objective; its energy and delay
formulas are not public in this detail, the ones above are edgeplan's. Monotone submodular
functions: Nemhauser, Wolsey and Fisher, Mathematical Programming 14 (1978).
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.devices import DeviceGraph
from models.units import MAX_DURATION_NS, Bytes, Microjoules, Nanoseconds, Ppm

MILLION = 10**6
MAX_EXPERTS = 2_000
MAX_CLUSTERS = 20_000
MAX_TOTAL_WEIGHT = 10**9
# Weighted sums of energies stay inside 64-bit integers in every solver.
MAX_TOTAL_ENERGY = 2**60


class SelectionObjective(StrEnum):
    """What is minimised, in ppm."""

    SHORTFALL = "shortfall"


class QualityModel(StrEnum):
    """How the quality of an answer follows from the experts in service."""

    MODULAR = "modular"
    BEST_EXPERT = "best_expert"
    TOP_K = "top_k"
    COVERAGE = "coverage"
    GATED = "gated"
    TABLE = "table"


class EnergyMode(StrEnum):
    """Which energy the budget is compared with."""

    WORST_CASE = "worst_case"
    WORST_TOP_K = "worst_top_k"
    EXPECTED = "expected"


class LatencyMode(StrEnum):
    """Whether a late expert is excluded altogether or only from the prompts it is late for."""

    WORST_CASE = "worst_case"
    ROUTED = "routed"


class Cluster(Document):
    """Prompts that are alike; `weight` is their number in the mix of requests."""

    name: Name
    category: Name
    weight: Annotated[int, Field(ge=1, le=MAX_TOTAL_WEIGHT)] = 1
    prompt_tokens: Annotated[int, Field(ge=0, le=10**6)] = 0
    output_tokens: Annotated[int, Field(ge=0, le=10**6)] = 0


class Expert(Document):
    """An LLM on a device; rows are in the order of the clusters.

    group: experts of one group are alternatives; queue_ns: mean wait before a request starts;
    quality_ppm: null where the expert does not take the cluster's prompts (in the model `table` the
    numbers are not used, only which are null); gate_weight: for the model `gated`, at least 1
    where a quality stands.
    """

    name: Name
    device: Name
    group: Name | None = None
    memory_bytes: Bytes = 0
    queue_ns: Nanoseconds = 0
    prefill_ns_per_token: Nanoseconds = 0
    decode_ns_per_token: Nanoseconds = 0
    request_energy_uj: Microjoules = 0
    prefill_energy_uj_per_token: Microjoules = 0
    decode_energy_uj_per_token: Microjoules = 0
    quality_ppm: tuple[Ppm | None, ...]
    gate_weight: tuple[Annotated[int, Field(ge=1, le=10**12)], ...] | None = None


class MeasuredSet(Document):
    """The quality measured with exactly these experts in service."""

    experts: Annotated[tuple[Name, ...], Field(min_length=1)]
    quality_ppm: Ppm


class ExpertSelectionProblem(Document):
    """Experts on a device graph and the prompts they serve; see the module for the mathematics.

    deadline_ns: per category, none where a category is left out; bytes_per_token, message_bytes:
    what a token and a message's envelope weigh on the links; top_k: k, for the quality model
    `top_k` and the energy mode `worst_top_k`.
    """

    kind: Literal["expert_selection"] = "expert_selection"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    device_graph: DeviceGraph
    source_device: Name
    experts: Annotated[tuple[Expert, ...], Field(min_length=1, max_length=MAX_EXPERTS)]
    clusters: Annotated[tuple[Cluster, ...], Field(min_length=1, max_length=MAX_CLUSTERS)]
    objective: SelectionObjective = SelectionObjective.SHORTFALL
    quality_model: QualityModel
    measured: tuple[MeasuredSet, ...] | None = None
    top_k: Annotated[int, Field(ge=1, le=MAX_EXPERTS)] | None = None
    deadline_ns: dict[Name, Nanoseconds] = {}
    latency_mode: LatencyMode = LatencyMode.ROUTED
    energy_limit_uj: Microjoules | None = None
    energy_mode: EnergyMode = EnergyMode.WORST_CASE
    max_experts: Annotated[int, Field(ge=1, le=MAX_EXPERTS)] | None = None
    bytes_per_token: Bytes = 4
    message_bytes: Bytes = 0
    aggregation_ns: Nanoseconds = 0

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"{self.objective}, {self.quality_model.replace('_', ' ')}"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        return f"{len(self.experts)} experts, {len(self.clusters)} clusters"

    @property
    def total_weight(self) -> int:
        """W, the requests of the mix."""
        return sum(cluster.weight for cluster in self.clusters)

    @property
    def routing_is_decided(self) -> bool:
        """Whether a plan has to say who is asked."""
        chosen = (QualityModel.BEST_EXPERT, QualityModel.TOP_K)
        return self.energy_mode is EnergyMode.EXPECTED and self.quality_model in chosen

    @property
    def asked_at_most(self) -> int:
        """How many experts one prompt is put to at most."""
        if self.quality_model is QualityModel.BEST_EXPERT:
            return 1
        if self.quality_model is QualityModel.TOP_K and self.top_k is not None:
            return self.top_k
        return len(self.experts)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("experts", [expert.name for expert in self.experts]),
            ("clusters", [cluster.name for cluster in self.clusters]),
        ):
            twice = first_duplicate(names)
            if twice is not None:
                place = (what, last_index(names, twice), "name")
                reason = f"two {what} are named '{twice}'"
                raise contradiction(reason, "give each its own name", *place)
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        places: dict[tuple[str | int, ...], str] = {("source_device",): self.source_device}
        places |= {("experts", i, "device"): e.device for i, e in enumerate(self.experts)}
        for place, name in places.items():
            if self.device_graph.device(name) is None:
                known = sorted(device.name for device in self.device_graph.devices)
                raise contradiction(
                    f"the device '{name}' is not in the device graph",
                    f"use one of: {', '.join(known[:8])}",
                    *place,
                )
        categories = {cluster.category for cluster in self.clusters}
        for name in self.deadline_ns:
            if name not in categories:
                raise contradiction(
                    f"no cluster has the category '{name}'",
                    f"use one of: {', '.join(sorted(categories)[:8])}",
                    *("deadline_ns", name),
                )
        return self

    @model_validator(mode="after")
    def _rows_go_with_the_clusters(self) -> Self:
        gated = self.quality_model is QualityModel.GATED
        for index, expert in enumerate(self.experts):
            rows = {"quality_ppm": expert.quality_ppm}
            if (expert.gate_weight is not None) != gated:
                raise contradiction(
                    f"gate weights and the model '{self.quality_model}' of expert '{expert.name}'",
                    "give gate_weight for every expert in the model 'gated', and nowhere else",
                    *("experts", index, "gate_weight"),
                )
            if expert.gate_weight is not None:
                rows["gate_weight"] = expert.gate_weight
            for name, row in rows.items():
                if len(row) != len(self.clusters):
                    raise contradiction(
                        f"{name} of expert '{expert.name}' has {len(row)} entries "
                        f"for {len(self.clusters)} clusters",
                        "give one per cluster, in their order",
                        *("experts", index, name),
                    )
        return self

    @model_validator(mode="after")
    def _top_k_goes_with_its_modes(self) -> Self:
        asked = (
            self.quality_model is QualityModel.TOP_K or self.energy_mode is EnergyMode.WORST_TOP_K
        )
        if asked != (self.top_k is not None):
            raise contradiction(
                "'top_k' and the modes that need it",
                "give top_k with the quality model 'top_k' or the energy mode 'worst_top_k' only",
                "top_k",
            )
        return self

    @model_validator(mode="after")
    def _shares_add_up_to_a_whole(self) -> Self:
        if self.quality_model not in (QualityModel.MODULAR, QualityModel.TOP_K):
            return self
        for index, cluster in enumerate(self.clusters):
            shares = sorted(expert.quality_ppm[index] or 0 for expert in self.experts)
            whole = sum(shares[-self.asked_at_most :])
            if whole > MILLION:
                raise contradiction(
                    f"the qualities of cluster '{cluster.name}' add up to {whole} ppm",
                    "give shares of at most 1,000,000 ppm together",
                    *("clusters", index),
                )
        return self

    @model_validator(mode="after")
    def _measured_sets_are_known(self) -> Self:
        if (self.measured is not None) != (self.quality_model is QualityModel.TABLE):
            raise contradiction(
                "'measured' and the quality model 'table' go together",
                "give 'measured' with the model 'table', and nowhere else",
                "measured",
            )
        known = {expert.name for expert in self.experts}
        seen: set[frozenset[str]] = set()
        for index, row in enumerate(self.measured or ()):
            names = frozenset(row.experts)
            if not names <= known or len(names) < len(row.experts) or names in seen:
                raise contradiction(
                    "the set names an unknown expert, an expert twice, or stands a second time",
                    "list each set once, each of its experts once",
                    *("measured", index, "experts"),
                )
            seen.add(names)
        return self

    @model_validator(mode="after")
    def _sums_are_sane(self) -> Self:
        weight = self.total_weight
        if weight > MAX_TOTAL_WEIGHT:
            raise contradiction(
                f"the weights add up to {weight}",
                f"scale them to {MAX_TOTAL_WEIGHT} or less",
                "clusters",
            )
        prompt = max(cluster.prompt_tokens for cluster in self.clusters)
        output = max(cluster.output_tokens for cluster in self.clusters)
        total = 0
        for index, expert in enumerate(self.experts):
            time = prompt * expert.prefill_ns_per_token + output * expert.decode_ns_per_token
            if time > MAX_DURATION_NS:
                raise contradiction(
                    f"expert '{expert.name}' takes over a day for one request",
                    "check prefill_ns_per_token and decode_ns_per_token",
                    *("experts", index),
                )
            total += (
                expert.request_energy_uj
                + prompt * expert.prefill_energy_uj_per_token
                + output * expert.decode_energy_uj_per_token
            )
        factor = weight if self.energy_mode is EnergyMode.EXPECTED else 1
        if max(total, self.energy_limit_uj or 0) * factor > MAX_TOTAL_ENERGY:
            raise contradiction(
                "the energies, times the weights in mode 'expected', overflow 64-bit sums",
                "check the energies, or scale the weights down",
                "experts",
            )
        return self


class Route(Document):
    """The experts asked for the prompts of one cluster."""

    cluster: Name
    experts: Annotated[tuple[Name, ...], Field(min_length=1)]


class ExpertSelectionPlan(Document):
    """The experts in service and, only where the problem leaves it open, who is asked."""

    kind: Literal["expert_selection"] = "expert_selection"
    experts: tuple[Name, ...]
    routing: tuple[Route, ...] | None = None
