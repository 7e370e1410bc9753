"""An example of pipeline_partition that a person can solve by hand.

A camera with 300 MB and a box with 1 GB, four layers of 200 MB that take 2 ms on the box and 6 ms
on the camera, which has to hold the first. One layer on the camera and three on the box take 6 + 3
x 2 ms, and the frame's features cross the link in 1 ms + 125 kB / (100 Mbit/s) = 11 ms: 23 ms. The
camera holds one layer at most, so there is no other plan.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "pipeline_partition",
        "model": {
            "name": "detector",
            "layers": [
                {
                    "name": "block",
                    "repeat": 4,
                    "weight_bytes": "200 MB",
                    "output_bytes_per_token": "125 kB",
                }
            ],
        },
        "profile": {
            "measurements": [{"time_ns": {"camera": {"block": "6 ms"}, "box": {"block": "2 ms"}}}]
        },
        "device_graph": {
            "devices": [
                {"name": "camera", "memory_bytes": "300 MB"},
                {"name": "box", "memory_bytes": "1 GB"},
            ],
            "links": [
                {
                    "source": "camera",
                    "target": "box",
                    "latency_ns": "1 ms",
                    "bandwidth_bit_per_s": "100 Mbit/s",
                }
            ],
        },
        "objective": "latency",
        "source_device": "camera",
    },
    plan={
        "kind": "pipeline_partition",
        "stages": [
            {"device": "camera", "start": 0, "stop": 1},
            {"device": "box", "start": 1, "stop": 4},
        ],
    },
    objective=23_000_000,
)
