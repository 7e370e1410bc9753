"""What Jupiter's table is predicted from: scalars, and the times of layers made of them.

A pass of one token over a decoder layer has a part that every device of a tensor-parallel group
repeats, and work in proportion to the layer's weights; so has the pass over the head, which is all
work. A prompt in one piece of 260 tokens adds work per token, in proportion to weights too.

Not calibrated are: 260 prompt and 64 new tokens (design of the workload: inferred from the table);
that the repeated part grows with layers x hidden and all work with weights, which says what 13B
takes; datasheets of TX2 and Nano; values of 4 bytes in collectives; keys and values of SP as two
messages; links without latency (Megatron and DeTransformer end alike at infinite bandwidth).
"""

from dataclasses import dataclass
from fractions import Fraction

PROMPT_TOKENS = 260
# Tera-operations per second (fp16) and GHz (Cortex-A57) of TX2 over those of Nano: datasheets.
WORK_RATIO = Fraction(1330, 472) / Fraction(200, 143)


@dataclass(frozen=True)
class Shape:
    """A model of Touvron et al. (2023) in INT4; kibibytes of weights."""

    layers: int
    hidden: int
    columns: int
    heads: int
    layer_kib: int
    head_kib: int


SHAPES = {
    "7b": Shape(32, 4096, 11008, 32, 98_816, 64_000),
    "13b": Shape(40, 5120, 13824, 40, 154_880, 80_000),
}


@dataclass(frozen=True)
class Calibration:
    """The scalars; what is None follows from the others.

    prompt_token_us: per prompt token of 7B on an NX; pass_us: per decoding pass of it;
    undivided_ppm: of that, the part that every device repeats; message_bytes: fixed, per message;
    tx2_permille, nano_permille: times on these boards over those on an NX; nano_work_permille: of
    Nano's work, with nano_permille for the repeated part alone (None: WORK_RATIO more than that;
    likewise with tx2_follows, where Nano is slower than TX2 by the datasheets' two ratios);
    points: of Jupiter's outline; new_tokens_13b: that 13B generates; hidden_power: of the hidden
    size, with which the repeated part of a layer grows.
    """

    prompt_token_us: int = 25_291
    pass_us: int = 493_865
    undivided_ppm: int = 671_374
    message_bytes: int = 170_476
    tx2_permille: int = 1480
    nano_permille: int = 2872
    points: int = 3
    nano_work_permille: int | None = None
    tx2_follows: bool = False
    new_tokens_13b: int = 64
    hidden_power: int = 1

    def new_tokens(self, model: str) -> int:
        """Tokens that a model generates."""
        return self.new_tokens_13b if model == "13b" else 64

    def slower(self, board: str) -> tuple[Fraction, Fraction]:
        """How many times slower than an NX a board repeats, and works."""
        nano = Fraction(self.nano_permille, 1000)
        if board == "nx":
            return Fraction(1), Fraction(1)
        if board == "tx2":
            own = (
                nano * Fraction(143, 200) if self.tx2_follows else Fraction(self.tx2_permille, 1000)
            )
            return own, own
        known = self.nano_work_permille
        return nano, nano * WORK_RATIO if known is None else Fraction(known, 1000)


@dataclass(frozen=True)
class LayerTimes:
    """Of a model's layers on one board, ns.

    repeated, work: of a decoder layer's pass, whatever splits it and what a split divides; token:
    work of a further token of a prompt in it; head: its pass.
    """

    repeated: Fraction
    work: Fraction
    token: Fraction
    head: Fraction


def layer_times(calibration: Calibration, model: str, board: str) -> LayerTimes:
    """The times of a model's layers on a board."""
    small, shape = SHAPES["7b"], SHAPES[model]
    whole = Fraction(calibration.pass_us * 1000)
    repeated = whole * calibration.undivided_ppm / 10**6 / small.layers
    weights = small.layers * small.layer_kib + small.head_kib
    per_kib = (whole - repeated * small.layers) / weights
    prompt = Fraction(PROMPT_TOKENS * calibration.prompt_token_us * 1000)
    token = (prompt - whole) / (PROMPT_TOKENS - 1) / (small.layers * small.layer_kib)
    repeats, works = calibration.slower(board)
    growth = Fraction(shape.hidden, small.hidden) ** calibration.hidden_power
    return LayerTimes(
        repeats * repeated * growth,
        works * per_kib * shape.layer_kib,
        works * token * shape.layer_kib,
        works * per_kib * shape.head_kib,
    )
