"""Random split-computing problems: a chain or a DAG on a row of devices.

All draws are integers from one random.Random(seed), whose integer methods give the same numbers on
every platform; quantities are written with their units, as a person would.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class SplitSpec:
    """What to generate.

    layers: of the model; devices: in the row; branching: percent of layers that read a second or
    third layer from the ten before (0 gives a chain); bottlenecks: on a chain; floor: the least
    accuracy in percent, None for no floor.
    """

    seed: int
    layers: int = 40
    devices: int = 2
    branching: int = 40
    bottlenecks: int = 0
    floor: int | None = None
    objective: str = "latency"

    def __post_init__(self) -> None:
        if min(self.layers, self.devices) < 1:
            raise ValueError("layers and devices are 1 or more")
        if not 0 <= self.branching <= 100:
            raise ValueError("branching is a percentage, 0 to 100")
        if self.bottlenecks and self.branching:
            raise ValueError("bottlenecks are 0 unless branching is 0")


def split_computing(spec: SplitSpec) -> dict[str, object]:
    """Plain data of a split-computing problem; always feasible without a floor."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    kinds = [f"tier-{number}" for number in range(spec.devices)]
    model: dict[str, object] = {
        "name": f"random-{spec.seed}",
        "input_bytes": f"{rng.randint(100, 600)} kB",
        "layers": [_layer(rng, spec, number, kinds) for number in range(spec.layers)],
    }
    if spec.branching:
        model["edges"] = _edges(rng, spec)
    problem: dict[str, object] = {
        "kind": "split_computing",
        "schema_version": 1,
        "about": f"generated: {spec}; every figure is drawn, none is measured",
        "model": model,
        "accuracy_ppm": 800_000,
        "devices": [{"name": kind, "power_uj_per_s": f"{rng.randint(1, 9)} J/s"} for kind in kinds],
        "hops": [
            {
                "latency_ns": f"{rng.randint(0, 3)} ms",
                "bandwidth_bit_per_s": f"{rng.randint(10, 400)} Mbit/s",
                "radio_uj_per_s": f"{rng.randint(200, 1500)} mJ/s",
            }
            for _ in kinds[1:]
        ],
        "representations": [{"name": "int8", "size_ppm": 250_000, "accuracy_ppm": 797_000}],
        "bottlenecks": [
            _bottleneck(rng, spec, number, kinds) for number in range(spec.bottlenecks)
        ],
        "objective": spec.objective,
    }
    if spec.floor is not None:
        problem["limits"] = {"accuracy_floor_ppm": spec.floor * 10_000}
    return problem


def _layer(rng: random.Random, spec: SplitSpec, number: int, kinds: list[str]) -> dict[str, object]:
    work = rng.randint(200, 6000)
    # Early layers suit the first device, late ones the last, so that cuts lie inside.
    times = {kinds[0]: f"{work} µs"}
    for kind in kinds[1:]:
        work = work * (rng.randint(30, 190) - 120 * number // spec.layers) // 100
        work = max(1, work)
        times[kind] = f"{work} µs"
    return {
        "name": f"layer-{number}",
        "time_ns": times,
        "output_bytes": f"{rng.choice((2, 10, 50, 200, 800))} kB",
    }


def _edges(rng: random.Random, spec: SplitSpec) -> list[list[str]]:
    edges = []
    for number in range(1, spec.layers):
        extra = rng.randint(1, 2) if rng.randrange(100) < spec.branching else 0
        before = range(max(0, number - 10), number)
        sources = {rng.choice(before) for _ in range(extra)}
        # Mostly the layer just before: networks are chains with branches, not random graphs.
        sources.add(number - 1 if rng.randrange(4) else rng.choice(before))
        edges += [[f"layer-{source}", f"layer-{number}"] for source in sorted(sources)]
    return edges


def _bottleneck(
    rng: random.Random, spec: SplitSpec, number: int, kinds: list[str]
) -> dict[str, object]:
    work = rng.randint(1000, 20_000)
    return {
        "name": f"bottleneck-{number}",
        "after": f"layer-{rng.randrange(spec.layers)}",
        "size_bytes": f"{rng.randint(1, 30)} kB",
        "encode": {"time_ns": {k: f"{work // 6**tier + 1} µs" for tier, k in enumerate(kinds)}},
        "decode": {"time_ns": {k: f"{work // 6**tier + 1} µs" for tier, k in enumerate(kinds)}},
        "accuracy_ppm": rng.randint(700, 800) * 1000,
    }
