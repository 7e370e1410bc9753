"""An example of sequence_pipeline that a person can solve by hand.

Four tokens through two equal devices of two layers each, which is what they have room for; a chunk
takes 1 ms per token and layer, and 0.6 ms per layer. At once the prompt takes 2 x 9.2 = 18.4 ms, in
two chunks of two tokens 3 x 5.2 = 15.6 ms, in four of one 5 x 3.2 = 16 ms.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "sequence_pipeline",
        "model": {
            "name": "four layers",
            "layers": [
                {
                    "name": "block",
                    "repeat": 4,
                    "weight_bytes": "200 MB",
                    "output_bytes_per_token": 0,
                }
            ],
        },
        "times": {"box": {"block": {"chunk_ns": "0.6 ms", "token_ns": "1 ms"}}},
        "device_graph": {
            "devices": [
                {"name": name, "type": "box", "memory_bytes": "500 MB"}
                for name in ("left", "right")
            ],
            "default_link": {"latency_ns": 0, "bandwidth_bit_per_s": "1 Gbit/s"},
        },
        "prompt_tokens": 4,
        "device_order": ["left", "right"],
    },
    plan={
        "kind": "sequence_pipeline",
        "stages": [
            {"device": "left", "start": 0, "stop": 2},
            {"device": "right", "start": 2, "stop": 4},
        ],
        "chunks": [2, 2],
    },
    objective=15_600_000,
)
