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

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name
from models.devices import DeviceGraph
from models.problems.expert_selection_checks import (
    MAX_TOTAL_WEIGHT,
    check_measured,
    check_names,
    check_references,
    check_rows,
    check_shares,
    check_sums,
    check_top_k,
)
from models.problems.expert_selection_modes import (
    EnergyMode,
    LatencyMode,
    QualityModel,
    SelectionObjective,
)
from models.units import Bytes, Microjoules, Nanoseconds, Ppm

MAX_EXPERTS = 2_000
MAX_CLUSTERS = 20_000


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
    def _parts_go_together(self) -> Self:
        check_names(self)
        check_references(self)
        check_rows(self)
        check_top_k(self)
        check_shares(self)
        check_measured(self)
        check_sums(self)
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
