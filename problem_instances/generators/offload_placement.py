"""Random placements at the dimensions of real mixtures of experts; loads and distances synthetic.

Dimensions are those of the models' published configurations; an expert's bytes follow from them:

    switch-base-128    12 layers x 128 experts, top-1, 2 x 768 x 3072 weights in bfloat16
                       (Fedus et al., JMLR 2022: every other feed-forward layer of T5-base)
    deepseek-v2-lite   26 x 64, top-6, 3 x 2048 x 1408 in bfloat16 (arXiv 2405.04434, its config)
    mixtral-8x7b       32 x 8, top-2, 3 x 4096 x 14336 in 4 bits and 16 per 64 (arXiv 2401.04088)
    large              94 x 128, top-8, 3 x 4096 x 1536 in 4 bits and 16 per 64 (Qwen3-235B-A22B)

Activations fall off with an expert's rank like 1 / (rank + flatness), ranks shuffled per layer.
Each expert is a point drawn near one of the layer's centres; the distance of two is the sum of
their coordinates' differences, scaled. Nothing of this measures quality. Integers from one
random.Random(seed) throughout.
"""

import random
from dataclasses import dataclass
from itertools import pairwise

_AXES = 6
_SPREAD, _REACH = 120, 1000
# Full scale of a distance: opposite corners of the cube that centres are drawn from.
_FARTHEST = _AXES * _REACH


@dataclass(frozen=True)
class _Model:
    """Layers, experts per layer and per token, bytes of one expert and of one token's state."""

    layers: int
    experts: int
    top_k: int
    expert_bytes: int
    activation_bytes: int


MODELS = {
    "switch-base-128": _Model(12, 128, 1, 2 * 768 * 3072 * 2, 768 * 2),
    "deepseek-v2-lite": _Model(26, 64, 6, 3 * 2048 * 1408 * 2, 2048 * 2),
    "mixtral-8x7b": _Model(32, 8, 2, 3 * 4096 * 14336 * 17 // 32, 4096 * 2),
    "large": _Model(94, 128, 8, 3 * 4096 * 1536 * 17 // 32, 4096 * 2),
}
_ABOUT = {
    "switch-base-128": "Switch-Base-128 (Fedus et al., JMLR 2022): 12 layers of 128 experts, top-1",
    "deepseek-v2-lite": "DeepSeek-V2-Lite (arXiv 2405.04434): 26 layers of 64 experts, top-6",
    "mixtral-8x7b": "Mixtral-8x7B (arXiv 2401.04088): 32 layers of 8 experts, top-2, 4 bits",
    "large": "dimensions of Qwen3-235B-A22B: 94 layers of 128 experts, top-8, 4 bits",
}


@dataclass(frozen=True)
class OffloadSpec:
    """What to generate.

    gpu_mb, cpu_mb: rooms for experts, 0 for none of the kind; neighbour_mb: a second box in the
    local network; the SSD holds everything. sites: boxes that serve, each with its own GPU, the
    rest shared. neighbours: representatives offered per expert; budget: mean distance, ppm;
    flatness: of the activations' fall, percent of the experts; grain: activations are multiples of
    it. layers: of the model's, 0 for all.
    """

    seed: int
    model: str = "deepseek-v2-lite"
    layers: int = 0
    tokens: int = 10_000
    gpu_mb: int = 8_000
    cpu_mb: int = 12_000
    neighbour_mb: int = 0
    sites: int = 1
    neighbours: int = 4
    budget: int = 20_000
    flatness: int = 20
    grain: int = 1
    objective: str = "sum"

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"no model '{self.model}'; use one of: {', '.join(MODELS)}")
        if min(self.tokens, self.sites, self.grain) < 1 or self.gpu_mb < 1:
            raise ValueError("tokens, sites, grain and gpu_mb are 1 or more")
        if min(self.layers, self.cpu_mb, self.neighbour_mb, self.neighbours, self.flatness) < 0:
            raise ValueError("the other sizes are 0 or more")
        if self.objective != "sum":
            raise ValueError("generated activations have no patterns: the objective is sum")


def offload_placement(spec: OffloadSpec) -> dict[str, object]:
    """Plain data of a placement."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    model = MODELS[spec.model]
    sites = [f"gpu-{number + 1}" for number in range(spec.sites)] if spec.sites > 1 else ["gpu"]
    layers = [_layer(rng, spec, model, number) for number in range(spec.layers or model.layers)]
    return {
        "kind": "offload_placement",
        "schema_version": 1,
        "about": f"generated: {spec}; {_ABOUT[spec.model]}; activations and distances are "
        "synthetic, holders and links assumed: a distance measures no quality here",
        "holders": _holders(spec, sites),
        "links": _links(spec, sites),
        "sites": sites,
        "layers": layers,
        "tokens": spec.tokens * spec.sites,
        "activation_bytes": model.activation_bytes,
        "loss_budget_ppm": spec.budget,
        "objective": spec.objective,
    }


def _holders(spec: OffloadSpec, sites: list[str]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "name": name,
            "memory_bytes": f"{spec.gpu_mb} MB",
            "read_bytes_per_s": "400 GB/s",
            "overhead_ns": "5 us",
        }
        for name in sites
    ]
    if spec.cpu_mb:
        cpu = {"memory_bytes": f"{spec.cpu_mb} MB", "read_bytes_per_s": "40 GB/s"}
        found.append({"name": "cpu", **cpu, "overhead_ns": "10 us"})
    if spec.neighbour_mb:
        other = {"memory_bytes": f"{spec.neighbour_mb} MB", "read_bytes_per_s": "100 GB/s"}
        found.append({"name": "neighbour", **other, "overhead_ns": "10 us"})
    return [*found, {"name": "ssd"}]


def _links(spec: OffloadSpec, sites: list[str]) -> list[dict[str, object]]:
    kinds = [("cpu", spec.cpu_mb, "10 us", "200 Gbit/s")]
    kinds += [("neighbour", spec.neighbour_mb, "200 us", "10 Gbit/s")]
    kinds += [("ssd", 1, "100 us", "24 Gbit/s")]
    found: list[dict[str, object]] = [
        {"source": site, "target": name, "latency_ns": latency, "bandwidth_bit_per_s": rate}
        for site in sites
        for name, there, latency, rate in kinds
        if there
    ]
    between = {"latency_ns": "200 us", "bandwidth_bit_per_s": "10 Gbit/s"}
    return found + [{"source": a, "target": b, **between} for a, b in pairwise(sites)]


def _layer(rng: random.Random, spec: OffloadSpec, model: _Model, number: int) -> dict[str, object]:
    return {
        "name": f"layer-{number}",
        "top_k": model.top_k,
        "expert_bytes": model.expert_bytes,
        "activations": [_activations(rng, spec, model) for _ in range(spec.sites)],
        "merge": _pairs(rng, spec, model),
    }


def _activations(rng: random.Random, spec: OffloadSpec, model: _Model) -> list[int]:
    """Counts that add up to about tokens · top_k, none above the tokens."""
    shift = 100 + spec.flatness * model.experts
    shares = [10**9 // (100 * rank + shift) for rank in range(model.experts)]
    rng.shuffle(shares)
    grains = spec.tokens * model.top_k // spec.grain
    most = spec.tokens // spec.grain
    return [min(most, share * grains // sum(shares)) * spec.grain for share in shares]


def _pairs(rng: random.Random, spec: OffloadSpec, model: _Model) -> list[list[int]]:
    """(expert, representative, ppm), for each expert its nearest, ties by number."""
    centres = [[rng.randrange(_REACH) for _ in range(_AXES)] for _ in range(model.experts // 4 + 1)]
    points = [
        [axis + rng.randint(-_SPREAD, _SPREAD) for axis in rng.choice(centres)]
        for _ in range(model.experts)
    ]
    found = []
    for i, here in enumerate(points):
        near = sorted(
            (sum(abs(a - b) for a, b in zip(here, there, strict=True)), j)
            for j, there in enumerate(points)
            if j != i
        )
        for far, j in near[: spec.neighbours]:
            # Thousandths: figures a person can read, and few enough digits for exact sums.
            found.append([i, j, min(1000, 1000 * far // _FARTHEST) * 1000])
    return found
