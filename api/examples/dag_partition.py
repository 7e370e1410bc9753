"""An example of dag_partition that a person can solve by hand.

Four operators of 1 ms, two in parallel, on two accelerators. Two on each take 2 ms; the outputs of
the first and of the one beside it cross over, for 0.1 ms each: 2.2 ms. With the other one beside
the first it is 2.3 ms, and parts of three and one take at least 3 ms.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "dag_partition",
        "operators": [
            {
                "name": name,
                "cpu_ns": "10 ms",
                "accelerator_ns": "1 ms",
                "transfer_ns": "200 us" if name == "right" else "100 us",
                "size_bytes": "20 MB",
            }
            for name in ("stem", "left", "right", "head")
        ],
        "edges": [["stem", "left"], ["stem", "right"], ["left", "head"], ["right", "head"]],
        "accelerators": 2,
        "accelerator_memory_bytes": "60 MB",
    },
    plan={
        "kind": "dag_partition",
        "parts": [
            {"device": "accelerator", "operators": ["stem", "left"]},
            {"device": "accelerator", "operators": ["right", "head"]},
        ],
    },
    objective=2_200_000,
)
