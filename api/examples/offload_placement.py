"""An example of offload_placement that a person can solve by hand.

Two experts of 16 MB, of which the GPU has room for one. In place an activation takes 16 MB / (160
GB/s) = 0.1 ms; from the SSD, 16 MB at 8 Gbit/s, 16 ms more. With the one that 90 of 100 tokens
choose on the GPU it is 90 x 0.1 + 10 x 16.1 = 170 ms.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "offload_placement",
        "holders": [
            {"name": "gpu", "memory_bytes": "20 MB", "read_bytes_per_s": "160 GB/s"},
            {"name": "ssd"},
        ],
        "links": [{"source": "gpu", "target": "ssd", "bandwidth_bit_per_s": "8 Gbit/s"}],
        "sites": ["gpu"],
        "layers": [
            {
                "name": "layer-0",
                "top_k": 1,
                "expert_bytes": "16 MB",
                "activations": [[10, 90]],
            }
        ],
        "tokens": 100,
    },
    plan={
        "kind": "offload_placement",
        "layers": [
            {
                "layer": "layer-0",
                "copies": [{"expert": 1, "holder": "gpu"}, {"expert": 0, "holder": "ssd"}],
                "served": [[1, 0]],
            }
        ],
    },
    objective=170_000_000,
)
