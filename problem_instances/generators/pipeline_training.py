"""Models to be trained on edge boards: testbeds in the manner of Asteroid, and random ones.

Operations, weights and outputs of every block (training_models), fp32. Boards: datasheet rates in
fp32, of which 40 % are sustained (assumed), memory less a reserve (assumed).

All draws are integers from one random.Random(seed).
"""

import random
from dataclasses import dataclass

from problem_instances.generators.training_models import blocks, in_words

# GFLOP/s sustained: 40 % of 845, 665 and 236; GiB left of 8, 8 and 4.
_RATE = {"nx": 338, "tx2": 266, "nano": 94}
_ROOM = {"nx": 6, "tx2": 6, "nano": 3}
TESTBEDS = {
    "nanos-5": ("nano",) * 5,
    "boards-4": ("nx", "tx2", "nano", "nano"),
    "boards-6": ("nx", "tx2", "tx2", "nano", "nano", "nano"),
}
# Those that instances and benchmarks take of training_models.
MODELS = ("resnet-50", "mobilenet-v2")
_BYTES = 4

Row = dict[str, object]


@dataclass(frozen=True)
class TrainingSpec:
    """What to generate.

    devices of up to `types` types; tightness: percent of all devices' memory that the weights with
    their optimiser fill; samples: of a micro-batch.
    """

    seed: int
    devices: int = 5
    types: int = 3
    layers: int = 12
    samples: int = 16
    micro_batches: int = 8
    tightness: int = 20
    bandwidth_mbit_per_s: int = 100
    use_all_devices: bool = False

    def __post_init__(self) -> None:
        counts = (self.devices, self.types, self.layers, self.samples, self.micro_batches)
        if min(*counts, self.tightness, self.bandwidth_mbit_per_s) < 1:
            raise ValueError("counts, tightness and bandwidth are 1 or more")


def pipeline_training(spec: TrainingSpec) -> dict[str, object]:
    """Plain data of a training pipeline; whether it has a plan depends on how tight it is."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    kinds = [
        (f"type-{n + 1}", rng.randrange(10, 60), rng.randrange(2, 9)) for n in range(spec.types)
    ]
    layers = [_random_layer(rng, number, kinds) for number in range(spec.layers)]
    weights = sum(size for _, size in layers)
    chosen = [rng.choice(kinds) for _ in range(spec.devices)]
    shares = sum(share for _, _, share in chosen)
    room = 3 * weights * 100 // spec.tightness
    devices = [
        {"name": f"device-{n}", "type": kind, "memory_bytes": f"{room * share // shares} KiB"}
        for n, (kind, _, share) in enumerate(chosen, start=1)
    ]
    bandwidth = f"{spec.bandwidth_mbit_per_s} Mbit/s"
    document: Row = {
        "kind": "pipeline_training",
        "schema_version": 1,
        "about": f"generated: {spec}",
        "layers": [row for row, _ in layers],
        "device_graph": {
            "devices": devices,
            "default_link": {"latency_ns": "0.5 ms", "bandwidth_bit_per_s": bandwidth},
        },
        "samples": spec.samples,
        "micro_batches": spec.micro_batches,
    }
    return document | ({"use_all_devices": True} if spec.use_all_devices else {})


def _random_layer(
    rng: random.Random, number: int, kinds: list[tuple[str, int, int]]
) -> tuple[Row, int]:
    """A layer, and its weights in KiB; later layers have more weights and smaller outputs."""
    weights = rng.randrange(100, 400) * (number + 1)
    work = rng.randrange(20, 60)
    row: Row = {
        "name": f"block-{number + 1}",
        "weight_bytes": f"{weights} KiB",
        "activation_bytes": f"{rng.randrange(200, 900)} KiB",
        "output_bytes": f"{rng.randrange(400, 1200) // (number + 1)} KiB",
        "forward_ns": {name: f"{work * slow} us" for name, slow, _ in kinds},
    }
    return row, weights


def testbed(
    name: str,
    model: str,
    mbit_per_s: int,
    size: int | None = None,  # noqa: PT028  # this is no test
    **fields: object,
) -> dict[str, object]:
    """One of TESTBEDS with a model of training_models, as plain data; size: of a sample there."""
    boards = TESTBEDS[name]
    layers = [
        {
            "name": block,
            "weight_bytes": _BYTES * weights,
            "activation_bytes": _BYTES * kept,
            "output_bytes": _BYTES * sent,
            "forward_ns": {b: f"{flop // _RATE[b] // 1000} us" for b in dict.fromkeys(boards)},
        }
        for block, flop, weights, kept, sent in blocks(model, size)
    ]
    devices = [
        {
            "name": f"{board}-{boards[: n + 1].count(board)}",
            "type": board,
            "memory_bytes": f"{_ROOM[board]} GiB",
            "launch_overhead_ns": "0.2 ms",
        }
        for n, board in enumerate(boards)
    ]
    link = {"latency_ns": "0.3 ms", "bandwidth_bit_per_s": f"{mbit_per_s} Mbit/s"}
    return {
        "kind": "pipeline_training",
        "schema_version": 1,
        "about": _about(name, model, mbit_per_s, in_words(model, size)),
        "layers": layers,
        "device_graph": {"devices": devices, "default_link": link},
        "samples": 32,
        "micro_batches": 16,
        **fields,
    }


def _about(name: str, model: str, mbit_per_s: int, sample: str) -> str:
    return (
        f"Training {model} ({sample}, fp32) on {', '.join(TESTBEDS[name])} behind one switch of "
        f"{mbit_per_s} Mbit/s, in the manner of Asteroid's testbeds (Ye et al., MobiCom 2024, "
        "arXiv 2408.08015; which boards make up its environments is assumed). Operations, weights "
        "and outputs of every block are worked out from the model's paper; a sample keeps the "
        "output of every convolution and of its normalisation (derived). Times: operations over "
        "40 % (assumed) of the datasheets' fp32 rates (NX 845, TX2 665, Nano 236 GFLOP/s); "
        "backward twice the forward; launches of 0.2 ms per block and latency of 0.3 ms are "
        "assumed. Memory: datasheet less a reserve of 1 GiB (Nano) or 2 GiB, assumed. Gradients "
        "and one momentum beside the weights. Mini-batches of 512 as 16 micro-batches of 32."
    )
