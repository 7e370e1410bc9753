"""Models to be trained, block by block, worked out from their papers' tables.

ResNet-50 (He et al., 2016), MobileNetV2 (Sandler et al., 2018), EfficientNet-B1 (Tan and Le, 2019)
for square images and BERT-small (Turc et al., 2019: 4 layers of 512, 8 heads) for token sequences.
A sample keeps the output of every convolution and of its normalisation, the gated output of every
squeeze and excitation, and of an encoder layer every product, both forms of the attention and both
of the wide layer (derived).
"""

from collections.abc import Callable

# Name, flop, weights, values kept, values sent on; of one sample.
Block = tuple[str, int, int, int, int]
_Part = tuple[int, int, int]
# Kernel, expansion, channels, blocks, stride.
_Rows = tuple[tuple[int, int, int, int, int], ...]
_VOCABULARY, _POSITIONS = 30_522, 512
_HIDDEN, _HEADS, _ENCODERS = 512, 8, 4


def blocks(model: str, size: int | None = None) -> list[Block]:
    """A model of MODELS; size: side of the image or tokens of the sequence (its usual one)."""
    build, usual, _ = _BUILDERS[model]
    return build(usual if size is None else size)


def in_words(model: str, size: int | None = None) -> str:
    """What one sample of it is."""
    _, usual, tokens = _BUILDERS[model]
    side = usual if size is None else size
    return f"{side} tokens" if tokens else f"{side} x {side}"


def _conv(size: int, kernel: int, inputs: int, outputs: int, groups: int = 1) -> _Part:
    """(flop, weights, values kept) of a convolution with its normalisation; size: of its output."""
    weights = kernel * kernel * inputs * outputs // groups
    return 2 * weights * size * size, weights + 2 * outputs, 2 * size * size * outputs


def _dense(inputs: int, outputs: int) -> _Part:
    return 2 * inputs * outputs, (inputs + 1) * outputs, outputs


def _block(name: str, sent: int, *parts: _Part) -> Block:
    flop, weights, kept = (sum(column) for column in zip(*parts, strict=True))
    return name, flop, weights, kept, sent


def _resnet_50(side: int) -> list[Block]:
    stem = _conv(side // 2, 7, 3, 64)
    found = [_block("stem", (side // 4) ** 2 * 64, stem)]
    inputs = 64
    for stage, (width, count) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), start=2):
        size = side // 2**stage
        for number in range(count):
            # The first block of a stage halves the image in its second convolution.
            before = size * 2 if number == 0 and stage > 2 else size
            parts = [_conv(before, 1, inputs, width), _conv(size, 3, width, width)]
            parts.append(_conv(size, 1, width, 4 * width))
            if number == 0:
                parts.append(_conv(size, 1, inputs, 4 * width))
            inputs = 4 * width
            found.append(_block(f"conv{stage}.{number + 1}", size * size * inputs, *parts))
    return [*found, _block("head", 1000, _dense(2048, 1000))]


def _mobilenet_v2(side: int) -> list[Block]:
    rows: _Rows = ((3, 1, 16, 1, 1), (3, 6, 24, 2, 2), (3, 6, 32, 3, 2), (3, 6, 64, 4, 2))
    rows = (*rows, (3, 6, 96, 3, 1), (3, 6, 160, 3, 2), (3, 6, 320, 1, 1))
    return _inverted("bottleneck", side, rows, gated=False)


def _efficientnet_b1(side: int) -> list[Block]:
    # B0's rows, 1.1 times as many blocks each, rounded up.
    rows: _Rows = ((3, 1, 16, 2, 1), (3, 6, 24, 3, 2), (5, 6, 40, 3, 2), (3, 6, 80, 4, 2))
    rows = (*rows, (5, 6, 112, 4, 1), (5, 6, 192, 5, 2), (3, 6, 320, 2, 1))
    return _inverted("mbconv", side, rows, gated=True)


def _inverted(name: str, side: int, rows: _Rows, *, gated: bool) -> list[Block]:
    """Inverted residuals; gated: squeeze and excitation, to a quarter of a block's inputs."""
    size, inputs = -(-side // 2), 32
    found = [_block("stem", size * size * inputs, _conv(size, 3, 3, inputs))]
    for stage, (kernel, expand, outputs, count, stride) in enumerate(rows, start=1):
        for number in range(count):
            hidden, before = inputs * expand, size
            size = -(-size // stride) if number == 0 else size
            parts = [] if expand == 1 else [_conv(before, 1, inputs, hidden)]
            parts.append(_conv(size, kernel, hidden, hidden, hidden))
            if gated:
                squeezed = inputs // 4
                parts += [_dense(hidden, squeezed), _dense(squeezed, hidden)]
                parts.append((size * size * hidden, 0, size * size * hidden))
            parts.append(_conv(size, 1, hidden, outputs))
            inputs = outputs
            found.append(_block(f"{name}{stage}.{number + 1}", size * size * outputs, *parts))
    found.append(_block("last", size * size * 1280, _conv(size, 1, inputs, 1280)))
    return [*found, _block("head", 1000, _dense(1280, 1000))]


def _bert_small(tokens: int) -> list[Block]:
    tables = (_VOCABULARY + _POSITIONS + 2 + 2) * _HIDDEN
    sent = tokens * _HIDDEN
    products = 2 * tokens * 12 * _HIDDEN**2 + 4 * tokens**2 * _HIDDEN
    kept = 16 * tokens * _HIDDEN + 2 * _HEADS * tokens**2
    encoder = (products, 12 * _HIDDEN**2 + 13 * _HIDDEN, kept)
    found = [_block("embedding", sent, (0, tables, 2 * sent))]
    found += [_block(f"encoder{n}", sent, encoder) for n in range(1, _ENCODERS + 1)]
    return [*found, _block("head", 2, _dense(_HIDDEN, _HIDDEN), _dense(_HIDDEN, 2))]


# How to build it, the usual size of a sample, and whether that is tokens.
_BUILDERS: dict[str, tuple[Callable[[int], list[Block]], int, bool]] = {
    "resnet-50": (_resnet_50, 224, False),
    "mobilenet-v2": (_mobilenet_v2, 224, False),
    "efficientnet-b1": (_efficientnet_b1, 240, False),
    "bert-small": (_bert_small, 128, True),
}
MODELS = tuple(_BUILDERS)
