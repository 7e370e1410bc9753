"""Random fleets: cameras of two kinds on shared uplinks and servers; a corridor of intersections.

The catalogue of each device has 30 options from problem_instances/generators/split_figures.py: all
local, four 8-bit cuts, the input as it is, as JPEG or WebP (encoding assumed at 1 and 10 ms), and
13 bottlenecks. Assumed throughout: bandwidths, rates, priorities, energy (10 W while a Jetson
computes, 5 W a Xiaomi; 100 nJ per byte sent), servers slower than the measured one by the factor
drawn. All draws are integers from one random.Random(seed).
"""

import random
from dataclasses import dataclass

from problem_instances.generators import split_figures as figures

_POWER_MW = {"jetson-nano": 10_000, "xiaomi-12": 5_000}
_CUTS = (1, 5, 9, 15)
# Urgent streams have their deadline and floor as hard rules and no say in the objective, so that it
# is what the others lose and nothing else; accuracy above the floor would be paid for by them.
_URGENT_PRIORITY = 0
_ABOUT = (
    "options: ResNet-50 on a Jetson Nano or a Xiaomi 12 with an RTX 3090 behind, from the block "
    "latencies of AdaptiveNet (Wen et al., MobiCom 2023) and the rate-accuracy plot of "
    "yoshitomo-matsubara/sc2-benchmark (digitised, about ±3 % and ±0.2 points); assumed: encoder "
    "times (a lower bound by operations), JPEG and WebP at 1 and 10 ms, power, rates, priorities, "
    "bandwidths and server speeds"
)


@dataclass(frozen=True)
class FleetSpec:
    """What to generate.

    load, server_load: percent that is there of the bandwidth and of the server time that Entropic
    Student at its most accurate would need on all streams; corridor: streams are the two cameras
    of each intersection, and `windows` follow a vehicle along them; those near it are urgent, with
    `urgent_deadline` and a floor, and the objective is the total loss of the others.
    """

    seed: int
    streams: int = 40
    uplinks: int = 4
    servers: int = 2
    load: int = 50
    server_load: int = 110
    corridor: bool = False
    windows: int = 6
    urgent_deadline: str = "45 ms"
    objective: str = "loss"

    def __post_init__(self) -> None:
        counts = (
            self.streams,
            self.uplinks,
            self.servers,
            self.load,
            self.server_load,
            self.windows,
        )
        if min(counts) < 1:
            raise ValueError("streams, uplinks, servers, load and windows are 1 or more")


def split_fleet(spec: FleetSpec) -> dict[str, object]:
    """Plain data of a fleet problem."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    streams = [_stream(rng, spec, number) for number in range(spec.streams)]
    problem: dict[str, object] = {
        "kind": "split_fleet",
        "schema_version": 1,
        "about": f"generated: {spec}; {_ABOUT}",
        "catalogues": [_catalogue(device) for device in figures.HEAD_MS],
        "uplinks": _uplinks(rng, spec, streams),
        "servers": _servers(rng, spec, streams),
        "streams": streams,
        "objective": spec.objective,
    }
    if spec.corridor:
        problem["windows"] = [_window(spec, number) for number in range(spec.windows)]
    return problem


def _option(
    name: str, device: str, ms: str, sent: str, tail: str, permille: int
) -> dict[str, object]:
    """An option; ms, sent (kB) and tail (ms) are decimal strings."""
    nanoseconds = round(float(ms) * 10**6)
    size = round(float(sent) * 1000)
    energy = nanoseconds * _POWER_MW[device] // 10**9 + size // 10
    option: dict[str, object] = {"name": name, "device_ns": f"{ms} ms"}
    if size:
        option |= {"sent_bytes": f"{sent} kB", "server_ns": f"{tail} ms"}
    return option | {"energy_uj": f"{energy} µJ", "accuracy_ppm": permille * 1000}


def _catalogue(device: str) -> dict[str, object]:
    head, whole = figures.HEAD_MS[device], figures.TOP1_PERMILLE
    behind = figures.TAIL_MS[figures.BOTTLENECK_CUT]
    options = [_option("local", device, head[-1], "0", "0", whole)]
    for cut in _CUTS:
        size = f"{figures.ELEMENTS[cut] / 1000:g}"
        options.append(_option(f"int8-{cut}", device, head[cut], size, figures.TAIL_MS[cut], whole))
    for codec, points, ms in (("jpeg", figures.JPEG, "1"), ("webp", figures.WEBP, "10")):
        options += [
            _option(f"{codec}-{kb}", device, ms, kb, figures.TAIL_MS[0], permille)
            for kb, permille in points
        ]
    options.append(_option("raw", device, "0", "150.528", figures.TAIL_MS[0], whole))
    families: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
        ("entropic-student", figures.ENTROPIC_STUDENT),
        ("quantised", figures.QUANTISED),
    )
    for family, curve in families:
        tail = f"{float(behind) + float(figures.DECODE_MS[family]):.4f}"
        options += [
            _option(f"{family}-{kb}", device, figures.ENCODE_MS[device][family], kb, tail, permille)
            for kb, permille in curve
        ]
    return {"name": device, "options": options}


def _stream(rng: random.Random, spec: FleetSpec, number: int) -> dict[str, object]:
    place = number * spec.uplinks // spec.streams
    name = f"intersection-{number // 2 + 1}-{'ns'[number % 2]}" if spec.corridor else None
    stream: dict[str, object] = {
        "name": name or f"camera-{number + 1}",
        "catalogue": rng.choice(sorted(figures.HEAD_MS)),
        "uplink": f"cell-{place + 1}",
        "rate_millihz": rng.choice((5, 8, 10, 15, 20)) * 1000,
        "priority": 1 if spec.corridor else rng.choice((1, 1, 2, 3)),
    }
    if rng.randrange(3) == 0:
        stream["deadline_ns"] = rng.choice(("100 ms", "150 ms", "250 ms"))
    if rng.randrange(3) == 0:
        stream["accuracy_floor_ppm"] = rng.choice((600, 680, 720)) * 1000
    return stream


def _uplinks(
    rng: random.Random, spec: FleetSpec, streams: list[dict[str, object]]
) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for number in range(spec.uplinks):
        name = f"cell-{number + 1}"
        rates = [int(str(s["rate_millihz"])) for s in streams if s["uplink"] == name]
        needed = sum(rates) * 8 * 11_550 // 1000
        kbit = max(1, needed * spec.load // 100 * rng.randint(80, 120) // 100 // 1000)
        latency = f"{rng.randint(2, 8)} ms"
        found.append({"name": name, "latency_ns": latency, "bandwidth_bit_per_s": f"{kbit} kbit/s"})
    return found


def _servers(
    rng: random.Random, spec: FleetSpec, streams: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Servers that together have `server_load` percent of what Entropic Student takes."""
    rates = sum(int(str(s["rate_millihz"])) for s in streams)
    busy_ppm = rates * 970 // 1000  # 0.97 ms per frame
    share = max(1, busy_ppm * spec.server_load // 100 // spec.servers)
    return [
        {
            "name": f"server-{number + 1}",
            "slowdown_ppm": 900_000 * 10**6 // share * rng.randint(90, 110) // 100,
            "share_ppm": 900_000,
        }
        for number in range(spec.servers)
    ]


def _window(spec: FleetSpec, number: int) -> dict[str, object]:
    """The vehicle is near intersections number·n/windows .. (number + 1)·n/windows."""
    crossings = spec.streams // 2
    near = range(number * crossings // spec.windows, (number + 1) * crossings // spec.windows)
    return {
        "name": f"segment-{number + 1}",
        "weight": 10,
        "urgent": [
            {
                "stream": f"intersection-{crossing + 1}-{side}",
                "rate_millihz": 30_000,
                "priority": _URGENT_PRIORITY,
                "deadline_ns": spec.urgent_deadline,
                "accuracy_floor_ppm": 740_000,
            }
            for crossing in near
            for side in "ns"
        ],
    }
