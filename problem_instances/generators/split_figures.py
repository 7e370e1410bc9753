"""Published figures of ResNet-50 on two devices and a server, shared by generated fleets.

Times: HEAD_MS on a Jetson Nano and a Xiaomi 12 up to each of 19 cuts and TAIL_MS per image on an
RTX 3090 (at a batch of 32) behind it, computed from the block latencies that AdaptiveNet publishes
(Wen et al., MobiCom 2023, wenh18/AdaptiveNet_artifact); ELEMENTS of the tensor there.
Rate and accuracy: (kB, ImageNet top-1 in permille) digitised from the overview plot of
yoshitomo-matsubara/sc2-benchmark (MIT; Matsubara et al., TMLR 2023), about ±3 % and ±0.2 points.
Operations of encoders and decoders follow from the layer shapes in that repository; the time of
an encoder is its convolutions at the fastest rate at which the device runs any block of ResNet-50,
a lower bound; of a decoder, at the server's rate for the whole of ResNet-50.
"""


def _row(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEAD_MS = {
    "jetson-nano": _row(
        "0 3.639 9.752 14.663 19.663 29.036 33.072 37.177 41.261 51.572 55.854 60.117 64.354 "
        "68.592 72.845 83.766 90.257 96.738 98.028"
    ),
    "xiaomi-12": _row(
        "0 4.68 10.39 15.61 22.31 30.53 35.42 39.95 44.75 52.5 56.95 61.37 65.81 70.25 74.74 "
        "83.34 88.5 93.64 93.92"
    ),
}
TAIL_MS = _row(
    "0.7393 0.7014 0.6283 0.5679 0.5076 0.4328 0.3944 0.3561 0.3177 0.2628 0.2331 0.2034 0.1737 "
    "0.1439 0.1128 0.059 0.0303 0.0018 0"
)
ELEMENTS = (
    (150_528, 200_704) + (802_816,) * 3 + (401_408,) * 4 + (200_704,) * 6 + (100_352,) * 3 + (1000,)
)
# Bottlenecks stand before the second stage of blocks (cut 4 of 19).
BOTTLENECK_CUT = 4
TOP1_PERMILLE = 761  # the plain model, the highest value on the plot
ENTROPIC_STUDENT = (
    ("0.68", 600),
    ("1.31", 680),
    ("2.25", 720),
    ("3.64", 740),
    ("5.32", 748),
    ("7.96", 754),
    ("11.55", 758),
)
QUANTISED = (
    ("4.37", 610),
    ("7.9", 721),
    ("11.38", 741),
    ("22.21", 754),
    ("32.97", 759),
    ("43.35", 760),
)
JPEG = (("2.85", 480), ("4.08", 640), ("5.08", 679), ("5.92", 696), ("11.12", 738))
WEBP = (
    ("2.4", 580),
    ("3.15", 633),
    ("3.9", 669),
    ("4.61", 691),
    ("6.01", 719),
    ("25.27", 756),
)
# ms: Entropic Student's three convolutions, 465.5 M multiply-adds; the quantised bottleneck's
# four, 502.7 M, behind the stem, which is kept. Decoders: 2562 M and 1359 M.
ENCODE_MS = {
    "jetson-nano": {"entropic-student": "8.604", "quantised": "12.931"},
    "xiaomi-12": {"entropic-student": "9.423", "quantised": "14.856"},
}
DECODE_MS = {"entropic-student": "0.463", "quantised": "0.246"}
