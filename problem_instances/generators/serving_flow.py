"""Random clusters that serve one model: makes of GPUs, groups of hosts, gateways or regions.

A node with one layer lets `base` tokens/s pass, with k of at most m layers base / k, less up to
half of that as its memory fills (the share k²/m²): the shape of profiled throughputs, which fall
faster than 1/k since less room is left for batches. Rates are assumed, in the range of published
profiles.
All draws are integers from one random.Random(seed).
"""

import random
from dataclasses import dataclass

_WIDE = "1000000 token/s"
_ENDS = {"from_source_utokens_per_s": _WIDE, "to_sink_utokens_per_s": _WIDE}
# A quarter of it is a rate.
_LEAST = 4
_ABOUT = (
    "assumed throughout: throughput per number of layers (base / k, less up to half as memory "
    "fills), in the range of profiles published for Llama models on T4, L4 and A100 GPUs; links "
    "that join hosts of one group never bind"
)


@dataclass(frozen=True)
class ServingSpec:
    """What to generate.

    makes of GPUs in turn over `nodes` nodes; room: percent of the layers that all nodes hold at
    most; groups: hosts in turn over so many groups, joined by links of `between` tokens/s, or
    where that is 0 by the first host of each group alone; regions: each direction between two
    groups has a rate of its own, a quarter to twice of `between`, and the source and the sink are
    in the first group alone.
    """

    seed: int
    nodes: int = 6
    makes: int = 2
    layers: int = 24
    room: int = 180
    groups: int = 1
    between: int = 0
    partial: bool = True
    regions: bool = False

    def __post_init__(self) -> None:
        if min(self.nodes, self.makes, self.layers, self.room, self.groups) < 1:
            raise ValueError("nodes, makes, layers, room and groups are 1 or more")
        if self.regions and self.between < _LEAST:
            raise ValueError(f"between is {_LEAST} or more where groups are regions")


def serving_flow(spec: ServingSpec) -> dict[str, object]:
    """Plain data of a serving problem; there is a plan where the nodes hold the model."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    share = max(1, spec.layers * spec.room // (100 * spec.nodes))
    makes = [_make(rng, f"make-{number + 1}", share) for number in range(spec.makes)]
    names = [f"host-{number + 1}" for number in range(spec.nodes)]
    nodes = [
        {
            "name": name,
            "type": makes[number % spec.makes]["name"],
            **(_ENDS if not spec.regions or number % spec.groups == 0 else {}),
        }
        for number, name in enumerate(names)
    ]
    return {
        "kind": "serving_flow",
        "schema_version": 1,
        "about": f"generated: {spec}; {_ABOUT}",
        "layers": spec.layers,
        "node_types": makes,
        "nodes": nodes,
        **(_between_regions(rng, spec, names) if spec.regions else _links(spec, names)),
        "partial_inference": spec.partial,
    }


def _make(rng: random.Random, name: str, share: int) -> dict[str, object]:
    """A make that holds the share of a node, give or take a half."""
    most = max(1, rng.randint(share - share // 2, share + share // 2))
    base = rng.randint(2_000, 20_000) * 10**6
    rates = [base * (2 * most**2 - k**2) // (2 * k * most**2) for k in range(1, most + 1)]
    return {"name": name, "utokens_per_s": rates}


def _links(spec: ServingSpec, names: list[str]) -> dict[str, object]:
    if spec.groups == 1:
        return {"default_link_utokens_per_s": _WIDE}
    group = {name: number % spec.groups for number, name in enumerate(names)}
    gateways = names[: spec.groups]
    links = []
    for number, a in enumerate(names):
        for b in names[number + 1 :]:
            inside = group[a] == group[b]
            rate = _WIDE if inside else f"{spec.between} token/s"
            if inside or spec.between or (a in gateways and b in gateways):
                rate = rate if inside or spec.between else _WIDE
                links.append({"source": a, "target": b, "utokens_per_s": rate})
    return {"links": links}


def _between_regions(rng: random.Random, spec: ServingSpec, names: list[str]) -> dict[str, object]:
    """Every pair of hosts in each direction, those of two regions at the rate drawn for these."""
    regions = range(spec.groups)
    rates = {
        (a, b): _WIDE if a == b else f"{spec.between * rng.randint(25, 200) // 100} token/s"
        for a in regions
        for b in regions
    }
    links = [
        {
            "source": source,
            "target": target,
            "utokens_per_s": rates[a % spec.groups, b % spec.groups],
            "directed": True,
        }
        for a, source in enumerate(names)
        for b, target in enumerate(names)
        if a != b
    ]
    return {"links": links}
