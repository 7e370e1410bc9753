"""An example of tensor_partition that a person can solve by hand.

A device and one half as fast, one layer of 90 MB that neither holds. Two thirds of heads and
columns on the quick one fill its 60 MB and take 20 + 40 ms, a row on each 2 x 2 ms, and the four
steps of one row 1 + 1 ms each: 72 ms. Any other split takes at least 10 ms more, or 4 ms where both
rows are on one device.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "tensor_partition",
        "devices": [
            {
                "name": name,
                "memory_bytes": memory,
                "attention_ns": f"{30 * slow} ms",
                "mlp_ns": f"{60 * slow} ms",
                "connective_ns": f"{2 * slow} ms",
                "latency_ns": "1 ms",
                "bandwidth_bit_per_s": "1 Gbit/s",
            }
            for name, memory, slow in (("quick", "60 MB", 1), ("slow", "40 MB", 2))
        ],
        "layers": 1,
        "heads": 3,
        "columns": 3,
        "rows": 2,
        "attention_bytes": "30 MB",
        "mlp_bytes": "60 MB",
        "row_bytes": "125 kB",
        "key_value_bytes": "250 kB",
        "modes": ["tensor+sequence"],
    },
    plan={
        "kind": "tensor_partition",
        "mode": "tensor+sequence",
        "shares": [
            {"device": "quick", "heads": 2, "columns": 2, "rows": 1},
            {"device": "slow", "heads": 1, "columns": 1, "rows": 1},
        ],
    },
    objective=72_000_000,
)
