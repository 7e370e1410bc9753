"""Random pipeline problems: a chain with a head, devices of a few types, a switch with slow links.

All draws are integers from one random.Random(seed), whose integer methods give the same numbers on
every platform; quantities are written with their units, as a person would.
"""

import random
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class PipelineSpec:
    """What to generate.

    types: device types, at most `devices` are used; layers: of the chain, head included;
    tightness: percent of all memory that the model fills (100 leaves no room at all);
    missing_links: percent of device pairs without a link; unequal_cuts: layers send different
    amounts; source: the first device holds the first layer and gets the answer back;
    use_all_devices, ordered: all devices take part, in the order listed.
    """

    seed: int
    devices: int = 4
    types: int = 2
    layers: int = 16
    objective: str = "latency"
    units: int = 8
    overlap: bool = True
    tightness: int = 50
    missing_links: int = 0
    unequal_cuts: bool = False
    source: bool = False
    use_all_devices: bool = False
    ordered: bool = False

    def __post_init__(self) -> None:
        if min(self.devices, self.types, self.layers, self.units, self.tightness) < 1:
            raise ValueError("devices, types, layers, units and tightness are 1 or more")
        if not 0 <= self.missing_links <= 100:
            raise ValueError("missing_links is a percentage, 0 to 100")


def pipeline_partition(spec: PipelineSpec) -> dict[str, object]:
    """Plain data of a pipeline problem; whether it has a plan depends on how tight it is."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    layers = _layers(rng, spec)
    kinds = [_type(rng, number) for number in range(min(spec.types, spec.devices))]
    chosen = [kinds[number % len(kinds)] for number in range(spec.devices)]
    rng.shuffle(chosen)
    needed = sum(weight for _, weight, _ in layers)
    devices = _devices(chosen, needed * 100 // spec.tightness)
    problem: dict[str, object] = {
        "kind": "pipeline_partition",
        "schema_version": 1,
        "about": f"generated: {_told(spec)}",
        "model": {"name": f"random-{spec.seed}", "layers": [_layer(*row) for row in layers]},
        "device_graph": {"devices": devices, **_links(rng, spec)},
        "objective": spec.objective,
        "overlap": spec.overlap,
    }
    return problem | _wishes(spec)


def _told(spec: PipelineSpec) -> str:
    """What differs from the defaults, so that another field with a default changes no bytes."""
    told = [f for f in fields(spec) if getattr(spec, f.name) != f.default]
    return ", ".join(f"{f.name}={getattr(spec, f.name)}" for f in told)


def _layers(rng: random.Random, spec: PipelineSpec) -> list[tuple[str, int, int]]:
    """(name, MiB of weights, KiB of output) of each layer."""
    usual = rng.randrange(4, 65)
    rows = []
    for number in range(spec.layers):
        output = rng.randrange(1, 257) if spec.unequal_cuts else usual
        rows.append((f"layer-{number + 1}", rng.randrange(40, 161), output))
    return rows


def _layer(name: str, weight_mib: int, output_kib: int) -> dict[str, object]:
    return {
        "name": name,
        "weight_bytes": f"{weight_mib} MiB",
        "output_bytes_per_token": f"{output_kib} KiB",
    }


def _type(rng: random.Random, number: int) -> tuple[str, int, int]:
    """(name, share of memory, GB/s) of a device type: fast ones have more memory, by and large."""
    speed = rng.randrange(10, 101)
    return f"type-{number + 1}", rng.randrange(1, 5) + speed // 20, speed


def _devices(chosen: list[tuple[str, int, int]], total_mib: int) -> list[dict[str, object]]:
    shares = sum(share for _, share, _ in chosen)
    return [
        {
            "name": f"device-{number + 1}",
            "type": kind,
            "memory_bytes": f"{-(-total_mib * share // shares)} MiB",
            "memory_bytes_per_s": f"{speed} GB/s",
        }
        for number, (kind, share, speed) in enumerate(chosen)
    ]


def _rate(rng: random.Random) -> dict[str, object]:
    return {
        "latency_ns": f"{rng.randrange(1, 30) * 100} us",
        "bandwidth_bit_per_s": f"{rng.randrange(1, 101) * 10} Mbit/s",
    }


def _links(rng: random.Random, spec: PipelineSpec) -> dict[str, object]:
    """One switch and some pairs with links of their own; or, with links missing, pairs only."""
    pairs = [(a, b) for b in range(spec.devices) for a in range(b)]
    default = _rate(rng)
    links = []
    for a, b in pairs:
        missing, own = rng.randrange(100) < spec.missing_links, rng.randrange(100) < 25
        ends = {"source": f"device-{a + 1}", "target": f"device-{b + 1}"}
        rate = _rate(rng)
        if spec.missing_links:
            links += [] if missing else [ends | rate]
        elif own:
            links.append(ends | rate)
    return {"links": links} if spec.missing_links else {"links": links, "default_link": default}


def _wishes(spec: PipelineSpec) -> dict[str, object]:
    found: dict[str, object] = {}
    if spec.objective == "makespan":
        found["units"] = spec.units
    if spec.source:
        found |= {"source_device": "device-1", "return_hop": True}
    if spec.use_all_devices:
        found["use_all_devices"] = True
    if spec.ordered:
        found["device_order"] = [f"device-{number + 1}" for number in range(spec.devices)]
    return found
