"""An example of split_computing that a person can solve by hand.

A camera and a box; sending the input takes 1 + 10 ms and all layers on the box 5 ms, all on the
camera 50; behind the first layer it is 10 + 1 + 0.5 + 4 = 15.5 ms, in time for a deadline that
nothing else meets.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "split_computing",
        "model": {
            "name": "detector",
            "input_bytes": "125 kB",
            "layers": [
                {
                    "name": "stem",
                    "time_ns": {"camera": "10 ms", "box": "1 ms"},
                    "output_bytes": "6250 B",
                },
                {
                    "name": "head",
                    "time_ns": {"camera": "40 ms", "box": "4 ms"},
                    "output_bytes": "1 kB",
                },
            ],
        },
        "devices": [{"name": "camera"}, {"name": "box"}],
        "hops": [{"latency_ns": "1 ms", "bandwidth_bit_per_s": "100 Mbit/s"}],
        "limits": {"deadline_ns": "15.8 ms"},
    },
    plan={
        "kind": "split_computing",
        "placement": [
            {"device": "camera", "layers": ["stem"]},
            {"device": "box", "layers": ["head"]},
        ],
        "crossings": [{"tensor": "stem", "hop_from": "camera"}],
    },
    objective=15_500_000,
)
