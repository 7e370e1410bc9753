"""Random expert selections: experts of several sizes on a few devices, each with a speciality.

Everything is synthetic: no score, time or energy is a measurement. All draws are integers from one
random.Random(seed), whose integer methods give the same numbers on every platform.
"""

import random
from dataclasses import dataclass, fields
from itertools import combinations

_CATEGORIES = ("code", "law", "math", "medicine", "history", "finance", "travel", "chat")
_MODELS = ("modular", "best_expert", "top_k", "coverage", "gated", "table")
_MILLION = 10**6


@dataclass(frozen=True)
class SelectionSpec:
    """What to generate.

    specialisation: 0 to 100; at 0 every expert is as good as its size makes it everywhere, at 100
    it is good in its own category only; noise: thousands of ppm by which a quality strays from that
    at most; tightness: percent of the energy of all experts that the
    budget allows; memory: percent of the experts' memory that the devices hold; variants: of each
    three experts the second is a smaller variant of the first, and only one of both may serve;
    island: the last device has no link; deadline_ms: for every category.
    """

    seed: int
    experts: int = 12
    clusters: int = 8
    categories: int = 4
    devices: int = 3
    quality_model: str = "best_expert"
    energy_mode: str = "worst_case"
    latency_mode: str = "routed"
    specialisation: int = 60
    noise: int = 30
    tightness: int = 30
    memory: int = 100
    top_k: int = 2
    max_experts: int | None = None
    variants: bool = False
    island: bool = False
    deadline_ms: int | None = None

    def __post_init__(self) -> None:
        if min(self.experts, self.clusters, self.devices, self.top_k) < 1:
            raise ValueError("experts, clusters, devices and top_k are 1 or more")
        if not 1 <= self.categories <= len(_CATEGORIES):
            raise ValueError(f"categories are 1 to {len(_CATEGORIES)}")
        if not (0 <= self.specialisation <= 100 and 0 <= self.tightness <= 100):
            raise ValueError("specialisation and tightness are percentages, 0 to 100")
        if not 0 <= self.noise <= 1_000:
            raise ValueError("noise is 0 to 1000")
        if self.memory < 1:
            raise ValueError("memory is a percentage, 1 or more")
        if self.quality_model not in _MODELS:
            raise ValueError(f"quality_model is one of {', '.join(_MODELS)}")


def expert_selection(spec: SelectionSpec) -> dict[str, object]:
    """Plain data of a problem; whether it has a plan depends on its budgets."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    clusters = [_cluster(rng, spec, number) for number in range(spec.clusters)]
    sizes = [rng.choice((1, 3, 7, 13, 34)) for _ in range(spec.experts)]
    places = [f"device-{rng.randrange(spec.devices) + 1}" for _ in sizes]
    experts = [
        _expert(rng, spec, number, size, place, clusters)
        for number, (size, place) in enumerate(zip(sizes, places, strict=True))
    ]
    problem: dict[str, object] = {
        "kind": "expert_selection",
        "schema_version": 1,
        "about": _told(spec),
        "device_graph": _graph(rng, spec, sizes, places),
        "source_device": "device-1",
        "clusters": clusters,
        "experts": experts,
        "quality_model": spec.quality_model,
        "energy_mode": spec.energy_mode,
        "latency_mode": spec.latency_mode,
        "energy_limit_uj": _energy(spec, clusters, experts) * spec.tightness // 100,
        "message_bytes": 200,
    }
    if spec.quality_model == "table":
        problem["measured"] = _measured(rng, experts)
    return problem | _wishes(spec)


def _told(spec: SelectionSpec) -> str:
    """What differs from the defaults, so that another field with a default changes no bytes."""
    told = [f for f in fields(spec) if getattr(spec, f.name) != f.default]
    figures = ", ".join(f"{f.name}={getattr(spec, f.name)}" for f in told)
    return (
        f"generated: {figures}. Synthetic: every quality, time, energy and size is drawn, none is "
        "measured or published; assumed throughout: larger experts are better, slower and "
        "hungrier, and each is better in its own category than elsewhere."
    )


def _cluster(rng: random.Random, spec: SelectionSpec, number: int) -> dict[str, object]:
    return {
        "name": f"cluster-{number + 1}",
        "category": _CATEGORIES[number % spec.categories],
        "weight": rng.randrange(1, 101),
        "prompt_tokens": rng.choice((64, 256, 1024)),
        "output_tokens": rng.choice((16, 64, 256)),
    }


def _expert(
    rng: random.Random,
    spec: SelectionSpec,
    number: int,
    size: int,
    place: str,
    clusters: list[dict[str, object]],
) -> dict[str, object]:
    speciality = rng.choice(_CATEGORIES[: spec.categories])
    level = 350_000 + 90_000 * (1, 3, 7, 13, 34).index(size) + rng.randrange(60_000)
    quality = [_quality(rng, spec, level, speciality == c["category"]) for c in clusters]
    share = {"modular": spec.experts, "top_k": spec.top_k}.get(spec.quality_model, 1)
    decode = size * rng.randrange(1_500_000, 3_000_000)
    row: dict[str, object] = {
        "name": f"expert-{number + 1}",
        "device": place,
        "memory_bytes": size * 600_000_000,
        "queue_ns": rng.randrange(1, 50) * 1_000_000,
        "prefill_ns_per_token": decode // 20,
        "decode_ns_per_token": decode,
        "prefill_energy_uj_per_token": size * rng.randrange(800, 1_600),
        "decode_energy_uj_per_token": size * rng.randrange(20_000, 40_000),
        "quality_ppm": [value // share for value in quality],
    }
    if spec.variants and number % 3 < 2:
        row["group"] = f"family-{number // 3 + 1}"
    if spec.quality_model == "gated":
        row["gate_weight"] = [1 + value * rng.randrange(50, 151) // 10_000 for value in quality]
    return row


def _quality(rng: random.Random, spec: SelectionSpec, level: int, at_home: bool) -> int:
    swing, noise = 4_000 * spec.specialisation, 1_000 * spec.noise
    drawn = level + (swing // 2 if at_home else -swing // 2) + rng.randrange(-noise, noise + 1)
    return min(_MILLION, max(0, drawn))


def _number(row: dict[str, object], key: str) -> int:
    value = row[key]
    if not isinstance(value, int):
        raise TypeError(key)
    return value


def _energy(
    spec: SelectionSpec, clusters: list[dict[str, object]], experts: list[dict[str, object]]
) -> int:
    """What a budget of 100 % is: all experts at their dearest, or the mean of one request."""
    each = [
        [
            _number(e, "prefill_energy_uj_per_token") * _number(c, "prompt_tokens")
            + _number(e, "decode_energy_uj_per_token") * _number(c, "output_tokens")
            for c in clusters
        ]
        for e in experts
    ]
    if spec.energy_mode != "expected":
        dearest = sorted((max(row) for row in each), reverse=True)
        return sum(dearest[: spec.top_k] if spec.energy_mode == "worst_top_k" else dearest)
    asked = 1 if spec.quality_model in ("best_expert", "top_k") else spec.experts
    weight = sum(_number(c, "weight") for c in clusters)
    columns = zip(*each, strict=True)
    pairs = zip(clusters, columns, strict=True)
    dear = sum(_number(c, "weight") * max(column) for c, column in pairs)
    return int(asked * dear // weight)


def _graph(
    rng: random.Random, spec: SelectionSpec, sizes: list[int], places: list[str]
) -> dict[str, object]:
    names = [f"device-{number + 1}" for number in range(spec.devices)]
    held = {name: sum(s for s, p in zip(sizes, places, strict=True) if p == name) for name in names}
    devices = [
        {"name": name, "memory_bytes": held[name] * 600_000_000 * spec.memory // 100}
        for name in names
    ]
    joined = names[:-1] if spec.island and len(names) > 1 else names
    links = [
        {
            "source": a,
            "target": b,
            "latency_ns": rng.randrange(1, 20) * 100_000,
            "bandwidth_bit_per_s": rng.randrange(1, 101) * 10_000_000,
        }
        for a, b in combinations(joined, 2)
    ]
    return {"devices": devices, "links": links}


def _measured(rng: random.Random, experts: list[dict[str, object]]) -> list[dict[str, object]]:
    """Most selections of up to four experts; a mean that grows with size, but not always."""
    rows: list[dict[str, object]] = []
    names = [str(expert["name"]) for expert in experts]
    for size in range(1, 5):
        for chosen in combinations(names, size):
            quality = 400_000 + 90_000 * size + rng.randrange(-80_000, 80_001)
            if rng.randrange(100) < 80:
                rows.append({"experts": list(chosen), "quality_ppm": quality})
    return rows


def _wishes(spec: SelectionSpec) -> dict[str, object]:
    found: dict[str, object] = {}
    if spec.quality_model == "top_k" or spec.energy_mode == "worst_top_k":
        found["top_k"] = spec.top_k
    if spec.max_experts is not None:
        found["max_experts"] = spec.max_experts
    if spec.deadline_ms is not None:
        used = _CATEGORIES[: min(spec.categories, spec.clusters)]
        found["deadline_ns"] = dict.fromkeys(used, spec.deadline_ms * 1_000_000)
    return found
