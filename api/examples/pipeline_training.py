"""An example of pipeline_training that a person can solve by hand.

Two layers with their optimiser in 30 MB each, so that each of two boards holds one, and the larger
the first, which keeps three micro-batches. A micro-batch takes 2 + 4 ms on either and 2 x 2 ms
between them; two of them through the last step after the others are 2 x 6 + 4 + 6 = 22 ms.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "pipeline_training",
        "layers": [
            {
                "name": "block",
                "repeat": 2,
                "weight_bytes": "10 MB",
                "activation_bytes": "1 MB",
                "output_bytes": "62.5 kB",
                "forward_ns": {"board": "1 ms"},
            }
        ],
        "device_graph": {
            "devices": [
                {"name": "large", "type": "board", "memory_bytes": "40 MB"},
                {"name": "small", "type": "board", "memory_bytes": "33 MB"},
            ],
            "default_link": {"latency_ns": "1 ms", "bandwidth_bit_per_s": "1 Gbit/s"},
        },
        "samples": 2,
        "micro_batches": 2,
    },
    plan={
        "kind": "pipeline_training",
        "stages": [
            {"start": 0, "stop": 1, "shares": [{"device": "large", "samples": 2}]},
            {"start": 1, "stop": 2, "shares": [{"device": "small", "samples": 2}]},
        ],
    },
    objective=22_000_000,
)
