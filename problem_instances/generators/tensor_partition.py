"""Groups of devices for tensor partitions: Galaxy's and Jupiter's environments, and random ones.

Boards: three Jetson Nano whose four Cortex-A57 run at 1.47 GHz, 825 and 403 MHz (L, M, S; eight
flop per cycle and core, half of it sustained: assumed), with 1.5, 1.2 and 0.7 GB for weights
(assumed), as in Galaxy's environments; and those of Jupiter, whose times per prompt token of
Llama-2-7B are derived from its table (28.4 ms on an NX, TX2 1.9 x, Nano 6 x slower). Work is
divided among the parts of a layer by operations.

All draws are integers from one random.Random(seed).
"""

import random
from dataclasses import dataclass

_CLOCK_MHZ = {"L": 1470, "M": 825, "S": 403}
_ROOM_MB = {"L": 1500, "M": 1200, "S": 700}
# Environment -> boards; of Galaxy's, then of Jupiter's.
GALAXY = {"a": "MM", "b": "MMM", "c": "MMMM", "d": "LM", "e": "LS", "f": "LMS"}
JUPITER = {
    "jupiter-a": ("nx", "nx", "nx", "nx"),
    "jupiter-b": ("nx", "tx2", "tx2", "nano"),
}
# Slower than an NX by so many tenths; MB for weights.
_JUPITER_BOARDS = {"nx": (10, 6442), "tx2": (19, 6442), "nano": (60, 3758)}
_NX_NS_PER_TOKEN = 28_400_000
# layers, hidden, heads, MLP columns, matrices of the MLP, bytes of 1000 weights (fp16, INT4)
MODELS = {
    "bert-l": (24, 1024, 16, 4096, 2, 2000),
    "gpt2-l": (36, 1280, 20, 5120, 2, 2000),
    "opt-l": (24, 2048, 32, 8192, 2, 2000),
    "llama-2-7b": (32, 4096, 32, 11008, 3, 500),
}
_BLOCK = 64
_GALAXY_ROWS, _JUPITER_ROWS = 284, 260
# The connective part (two additions and normalisations) as permille of MHA and MLP.
_CONNECTIVE = 20
_CONNECTIVE_TIMES = ("connective_ns", "launch_ns")

Row = dict[str, object]


@dataclass(frozen=True)
class TensorSpec:
    """What to generate.

    devices of up to `types` types; tightness: percent of all memory that the weights fill;
    bandwidth_mbit_per_s: of the fastest device, the slowest has half of it; mode: all where empty;
    equal_rows: the connective part takes all devices the same time, so that nothing is better than
    rows in equal parts.
    """

    seed: int
    devices: int = 4
    types: int = 3
    heads: int = 16
    columns: int = 64
    rows: int = 128
    tightness: int = 60
    bandwidth_mbit_per_s: int = 125
    overlap: bool = True
    use_all_devices: bool = False
    mode: str = ""
    equal_rows: bool = False

    def __post_init__(self) -> None:
        counts = (self.devices, self.types, self.heads, self.columns, self.rows, self.tightness)
        if min(*counts, self.bandwidth_mbit_per_s) < 1:
            raise ValueError("counts, tightness and bandwidth are 1 or more")


def tensor_partition(spec: TensorSpec) -> dict[str, object]:
    """Plain data of a group; whether it has a plan depends on how tight it is."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    layers, attention, mlp = rng.randrange(4, 25), rng.randrange(4, 17), rng.randrange(8, 33)
    kinds = [
        {
            "attention_ns": f"{(slow := rng.randrange(10, 60)) * rng.randrange(800, 1201)} us",
            "mlp_ns": f"{slow * rng.randrange(1600, 2401)} us",
            "connective_ns": f"{slow * rng.randrange(20, 90)} us",
            "launch_ns": f"{rng.randrange(5, 60)} us",
            "weight": rng.randrange(2, 9),
        }
        for _ in range(spec.types)
    ]
    if spec.equal_rows:
        kinds = [kind | {key: kinds[0][key] for key in _CONNECTIVE_TIMES} for kind in kinds]
    chosen = [rng.choice(kinds) for _ in range(spec.devices)]
    weights = [int(str(kind["weight"])) for kind in chosen]
    whole = layers * (attention + mlp) * 2**20 * 100 // spec.tightness
    fastest = spec.bandwidth_mbit_per_s * 10
    devices = [
        {
            "name": f"device-{number}",
            "memory_bytes": whole * weight // sum(weights),
            **{key: value for key, value in kind.items() if key != "weight"},
            "latency_ns": "0.2 ms",
            "bandwidth_bit_per_s": f"{fastest * rng.randrange(50, 101)} kbit/s",
        }
        for number, (kind, weight) in enumerate(zip(chosen, weights, strict=True), start=1)
    ]
    document: Row = {
        "kind": "tensor_partition",
        "schema_version": 1,
        "about": f"generated: {spec}",
        "devices": devices,
        "layers": layers,
        "heads": spec.heads,
        "columns": spec.columns,
        "rows": spec.rows,
        "attention_bytes": f"{attention} MiB",
        "mlp_bytes": f"{mlp} MiB",
        "row_bytes": "4 KiB",
        "key_value_bytes": "8 KiB",
        "message_bytes": "20 kB",
    }
    document |= {"overlap": {}} if spec.overlap else {}
    document |= {"modes": [spec.mode]} if spec.mode else {}
    return document | ({"use_all_devices": True} if spec.use_all_devices else {})


def environment(name: str, model: str, mbit_per_s: int, **fields: object) -> dict[str, object]:
    """One of GALAXY's or JUPITER's environments with one of MODELS, as plain data."""
    layers, hidden, heads, columns, matrices, weight = MODELS[model]
    rows = _JUPITER_ROWS if name in JUPITER else _GALAXY_ROWS
    attention = 4 * hidden * hidden
    mlp = matrices * hidden * columns
    # Products of weights and of the attention itself, flop per row.
    work = (2 * attention + 4 * rows * hidden, 2 * mlp)
    boards = JUPITER[name] if name in JUPITER else tuple(GALAXY[name])
    link = {"latency_ns": "0.3 ms", "bandwidth_bit_per_s": f"{mbit_per_s} Mbit/s"}
    devices = []
    for number, board in enumerate(boards, start=1):
        times = (
            _jupiter(board, work, rows, layers) if name in JUPITER else _galaxy(board, work, rows)
        )
        devices.append({"name": f"{board.lower()}-{number}", **times, **link})
    return {
        "kind": "tensor_partition",
        "schema_version": 1,
        "about": _about(name, model, mbit_per_s),
        "devices": devices,
        "layers": layers,
        "heads": heads,
        "columns": columns // _BLOCK,
        "rows": rows,
        "attention_bytes": attention * weight // 1000,
        "mlp_bytes": mlp * weight // 1000,
        "row_bytes": 2 * hidden,
        "key_value_bytes": 4 * hidden,
        "message_bytes": "20 kB",
        "overlap": {},
        **fields,
    }


def _galaxy(board: str, work: tuple[int, int], rows: int) -> Row:
    # MHz times flop per cycle: flop per microsecond.
    rate = 4 * 8 * _CLOCK_MHZ[board] // 2
    attention, mlp = (flop * rows // rate for flop in work)
    return {"memory_bytes": f"{_ROOM_MB[board]} MB", **_times(attention, mlp)}


def _jupiter(board: str, work: tuple[int, int], rows: int, layers: int) -> Row:
    tenths, room = _JUPITER_BOARDS[board]
    layer_us = _NX_NS_PER_TOKEN * rows * tenths // (10 * layers * 1000)
    attention = layer_us * work[0] // sum(work)
    return {"memory_bytes": f"{room} MB", **_times(attention, layer_us - attention)}


def _times(attention_us: int, mlp_us: int) -> Row:
    return {
        "attention_ns": f"{attention_us} us",
        "mlp_ns": f"{mlp_us} us",
        "connective_ns": f"{(attention_us + mlp_us) * _CONNECTIVE // 2000} us",
        "launch_ns": "0.1 ms",
    }


def _about(name: str, model: str, mbit_per_s: int) -> str:
    rest = (
        f"{model} at {mbit_per_s} Mbit/s. Model shape: the model's public config.json; columns in "
        f"blocks of {_BLOCK}. Also assumed: the connective part takes 2 % of a layer, a message "
        "carries 20 kB beside its rows (that there is a fixed part follows from Jupiter's table), "
        "latency 0.3 ms, launches of 0.1 ms."
    )
    if name in JUPITER:
        return (
            f"Environment {name[-1].upper()} of Jupiter (Ye et al., 2025, arXiv 2504.08242): "
            f"{', '.join(JUPITER[name])}; a prompt of 260 tokens. Times derived from the paper's "
            "end-to-end seconds (28.4 ms per prompt token of Llama-2-7B on an NX, TX2 1.9 x, Nano "
            f"6 x slower), spread by operations; INT4. {rest}"
        )
    return (
        f"An environment in the manner of Galaxy (Ye et al., INFOCOM 2024, arXiv 2405.17245): "
        f"{', '.join(f'Nano-{board}' for board in GALAXY[name])}; a sequence of 284 tokens, fp16. "
        "Of the boards are assumed: clocks of 1.47 GHz, 825 and 403 MHz for L, M and S, four "
        f"cores of 8 flop per cycle, half of it sustained; 1.5, 1.2 and 0.7 GB for weights. {rest}"
    )
