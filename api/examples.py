"""A problem of every kind that a person can solve by hand, for the documents and for the probes.

pipeline_partition: a camera with 300 MB and a box with 1 GB, four layers of 200 MB that take 2 ms
on the box and 6 ms on the camera, which has to hold the first. One layer on the camera and three
on the box take 6 + 3 x 2 ms, and the frame's features cross the link in 1 ms + 125 kB / (100
Mbit/s) = 11 ms: 23 ms. The camera holds one layer at most, so there is no other plan.

dag_partition: four operators of 1 ms, two in parallel, on two accelerators. Two on each take 2 ms;
the outputs of the first and of the one beside it cross over, for 0.1 ms each: 2.2 ms. With the
other one beside the first it is 2.3 ms, and parts of three and one take at least 3 ms.
"""

from dataclasses import dataclass
from typing import Any

from models.documents import validate
from models.problems import KINDS, AnyPlan, AnyProblem


@dataclass(frozen=True)
class Example:
    """A problem and its only plan as documents, and the plan's objective."""

    problem: dict[str, Any]
    plan: dict[str, Any]
    objective: int

    def nouns(self) -> tuple[AnyProblem, AnyPlan]:
        """The problem and the plan as nouns."""
        problem_type, plan_type = KINDS[self.problem["kind"]]
        return validate(self.problem, problem_type), validate(self.plan, plan_type)


EXAMPLES: dict[str, Example] = {
    "dag_partition": Example(
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
    ),
    "pipeline_partition": Example(
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
                "measurements": [
                    {"time_ns": {"camera": {"block": "6 ms"}, "box": {"block": "2 ms"}}}
                ]
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
    ),
}
