"""Random loads of experts: popular and rare ones, drifting from window to window.

Everything is synthetic. Expert e of a layer has a popularity by 1 / (1 + rank)^(skew / 100), its
rank drawn, the power rounded down to quarters; in every window it is multiplied by a factor drawn
from 100 - drift to 100 + drift percent, and the tokens are divided among experts in proportion,
rounded down, the rest to the most popular. All draws are integers from one random.Random(seed).
"""

import random
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt


@dataclass(frozen=True)
class BalanceSpec:
    """What to generate.

    slots: of all devices together, divided evenly; nodes: devices in equal runs, 0 for none;
    tokens: routed per window and layer; skew: 0 for equal experts, 100 for popularity by
    1 / rank; drift: percent by which popularity moves; slow: every n-th device at half speed, 0
    for none; transitions: whether tokens between adjacent layers are given.
    """

    seed: int
    layers: int = 2
    experts: int = 16
    devices: int = 4
    slots: int = 20
    nodes: int = 0
    groups: int = 1
    windows: int = 4
    held_out: int = 0
    tokens: int = 1536
    skew: int = 60
    drift: int = 30
    slow: int = 0
    mode: str = "split"
    objective: str = "time"
    transitions: bool = False

    def __post_init__(self) -> None:
        counts = (self.layers, self.experts, self.devices, self.groups, self.windows, self.tokens)
        if min(counts) < 1:
            raise ValueError("layers, experts, devices, groups, windows and tokens are 1 or more")
        if not (0 <= self.drift <= 100 and 0 <= self.skew <= 300):
            raise ValueError("drift is a percentage, skew from 0 to 300")
        if self.slots % self.devices or (self.nodes and self.devices % self.nodes):
            raise ValueError("devices divide slots, and nodes divide devices")


def expert_balance(spec: BalanceSpec) -> dict[str, object]:
    """Plain data of a problem of expert balance."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    popular = [_popularity(rng, spec) for _ in range(spec.layers)]
    problem: dict[str, object] = {
        "kind": "expert_balance",
        "schema_version": 1,
        "about": f"Synthetic, generated: {spec}; assumed: all of it, loads and rates too",
        "devices": [_device(spec, number) for number in range(spec.devices)],
        "groups": spec.groups,
        "windows": [_window(rng, spec, popular, f"w{n + 1}") for n in range(spec.windows)],
        "mode": spec.mode,
        "objective": spec.objective,
    }
    if spec.held_out:
        held = [_window(rng, spec, popular, f"h{n + 1}") for n in range(spec.held_out)]
        problem["held_out"] = held
    if spec.transitions:
        pairs = pairwise(popular)
        problem["transitions"] = [_transitions(rng, spec, here, there) for here, there in pairs]
    return problem


def _popularity(rng: random.Random, spec: BalanceSpec) -> list[int]:
    """Weights 10^12 / (1 + rank)^(skew / 100), the power in quarters: whole numbers everywhere."""
    quarters = spec.skew // 25
    # The fourth root of (1 + rank)^quarters, in units of 10^-4.
    roots = [isqrt(isqrt((1 + rank) ** quarters * 10**16)) for rank in range(spec.experts)]
    return [10**12 // root for root in rng.sample(roots, spec.experts)]


def _shared(total: int, weights: list[int]) -> list[int]:
    """A total in proportion to weights, rounded down, the rest to the largest."""
    parts = [total * weight // sum(weights) for weight in weights]
    parts[weights.index(max(weights))] += total - sum(parts)
    return parts


def _device(spec: BalanceSpec, number: int) -> dict[str, object]:
    slow = spec.slow and number % spec.slow == spec.slow - 1
    device: dict[str, object] = {
        "name": f"device-{number + 1}",
        "slots": spec.slots // spec.devices,
        "tokens_per_s": 500_000 if slow else 1_000_000,
    }
    if spec.nodes:
        device["node"] = f"node-{number * spec.nodes // spec.devices + 1}"
    return device


def _window(
    rng: random.Random, spec: BalanceSpec, popular: list[list[int]], name: str
) -> dict[str, object]:
    loads = []
    for weights in popular:
        moved = [w * rng.randint(100 - spec.drift, 100 + spec.drift) + 1 for w in weights]
        loads.append(_shared(spec.tokens, moved))
    return {"name": name, "loads": loads}


def _transitions(
    rng: random.Random, spec: BalanceSpec, here: list[int], there: list[int]
) -> list[list[int]]:
    """Tokens between experts of adjacent layers: each has three that it prefers fivefold."""
    rows = []
    for tokens in _shared(spec.tokens * spec.windows, here):
        liked = rng.sample(range(spec.experts), min(3, spec.experts))
        weights = [w * (5 if e in liked else 1) for e, w in enumerate(there)]
        rows.append(_shared(tokens, weights))
    return rows
