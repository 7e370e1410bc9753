"""A problem of every kind that a person can solve by hand, for the documents and for the probes.

pipeline_partition: a camera with 300 MB and a box with 1 GB, four layers of 200 MB that take 2 ms
on the box and 6 ms on the camera, which has to hold the first. One layer on the camera and three
on the box take 6 + 3 x 2 ms, and the frame's features cross the link in 1 ms + 125 kB / (100
Mbit/s) = 11 ms: 23 ms. The camera holds one layer at most, so there is no other plan.

split_computing: a camera and a box; sending the input takes 1 + 10 ms and all layers on the box 5
ms, all on the camera 50; behind the first layer it is 10 + 1 + 0.5 + 4 = 15.5 ms, in time for a
deadline that nothing else meets.

split_fleet: two cameras at 5 frames/s on 600 kbit/s, of which one may send 10 kB (400 kbit/s) and
the other 1 kB: the one that counts once loses 50,000 ppm.

expert_selection: two experts on one box, of which the energy of 100 J allows one; three requests
for code and one for law. The coder alone gives (3 x 60 % + 20 %) / 4 = 50 %, the lawyer, in service
alone, exceeds the energy: a shortfall of 500,000 ppm.

offload_placement: two experts of 16 MB, of which the GPU has room for one. In place an activation
takes 16 MB / (160 GB/s) = 0.1 ms; from the SSD, 16 MB at 8 Gbit/s, 16 ms more. With the one that 90
of 100 tokens choose on the GPU it is 90 x 0.1 + 10 x 16.1 = 170 ms.

dag_partition: four operators of 1 ms, two in parallel, on two accelerators. Two on each take 2 ms;
the outputs of the first and of the one beside it cross over, for 0.1 ms each: 2.2 ms. With the
other one beside the first it is 2.3 ms, and parts of three and one take at least 3 ms.

tensor_partition: a device and one half as fast, one layer of 90 MB that neither holds. Two thirds
of heads and columns on the quick one fill its 60 MB and take 20 + 40 ms, a row on each 2 x 2 ms,
and the four steps of one row 1 + 1 ms each: 72 ms. Any other split takes at least 10 ms more, or
4 ms where both rows are on one device.

pipeline_training: two layers with their optimiser in 30 MB each, so that each of two boards holds
one, and the larger the first, which keeps three micro-batches. A micro-batch takes 2 + 4 ms on
either and 2 x 2 ms between them; two of them through the last step after the others are 2 x 6 + 4
+ 6 = 22 ms.

sequence_pipeline: four tokens through two equal devices of two layers each, which is what they have
room for; a chunk takes 1 ms per token and layer, and 0.6 ms per layer. At once the prompt takes 2 x
9.2 = 18.4 ms, in two chunks of two tokens 3 x 5.2 = 15.6 ms, in four of one 5 x 3.2 = 16 ms.

serving_flow: three layers; the source feeds a large node, which lets 60 tokens/s pass with two of
them, and two small ones with one layer and 50 tokens/s each feed the sink. With layers 0 and 1 on
the large node and layer 2 on both small ones 60 tokens/s flow; with any others it is less. All the
nodes' layers, 3 x 40 (more than 1 x 100, as much as 2 x 60) + 50 + 50, would be enough for 220 / 3
tokens/s, of which 13.333333 are missing.
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
    "sequence_pipeline": Example(
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
    ),
    "split_computing": Example(
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
    ),
    "split_fleet": Example(
        problem={
            "kind": "split_fleet",
            "catalogues": [
                {
                    "name": "camera",
                    "options": [
                        {
                            "name": "small",
                            "device_ns": "5 ms",
                            "sent_bytes": "1 kB",
                            "server_ns": "2 ms",
                            "accuracy_ppm": 700000,
                        },
                        {
                            "name": "large",
                            "device_ns": "5 ms",
                            "sent_bytes": "10 kB",
                            "server_ns": "2 ms",
                            "accuracy_ppm": 750000,
                        },
                    ],
                }
            ],
            "uplinks": [{"name": "cell", "bandwidth_bit_per_s": "600 kbit/s"}],
            "servers": [{"name": "edge"}],
            "streams": [
                {
                    "name": "gate",
                    "catalogue": "camera",
                    "uplink": "cell",
                    "rate_millihz": 5000,
                    "priority": 2,
                },
                {"name": "yard", "catalogue": "camera", "uplink": "cell", "rate_millihz": 5000},
            ],
        },
        plan={
            "kind": "split_fleet",
            "choices": [
                {"stream": "gate", "option": "large", "server": "edge"},
                {"stream": "yard", "option": "small", "server": "edge"},
            ],
        },
        objective=50_000,
    ),
    "expert_selection": Example(
        problem={
            "kind": "expert_selection",
            "device_graph": {"devices": [{"name": "box", "memory_bytes": "8 GiB"}]},
            "source_device": "box",
            "experts": [
                {
                    "name": "coder",
                    "device": "box",
                    "memory_bytes": "4 GiB",
                    "request_energy_uj": "80 J",
                    "quality_ppm": [600000, 200000],
                },
                {
                    "name": "lawyer",
                    "device": "box",
                    "memory_bytes": "4 GiB",
                    "request_energy_uj": "120 J",
                    "quality_ppm": [300000, 900000],
                },
            ],
            "clusters": [
                {"name": "pull requests", "category": "code", "weight": 3},
                {"name": "contracts", "category": "law"},
            ],
            "quality_model": "best_expert",
            "energy_limit_uj": "100 J",
        },
        plan={"kind": "expert_selection", "experts": ["coder"]},
        objective=500_000,
    ),
    "offload_placement": Example(
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
    ),
    "expert_balance": Example(
        problem={
            "kind": "expert_balance",
            "devices": [
                {"name": "fast", "slots": 1, "tokens_per_s": 2_000_000},
                {"name": "slow", "slots": 1},
            ],
            "windows": [{"name": "all", "loads": [[30, 10]]}],
        },
        plan={"kind": "expert_balance", "physical_to_logical_map": [[0, 1]]},
        objective=15_000,
    ),
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
    "tensor_partition": Example(
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
    ),
    "pipeline_training": Example(
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
    ),
    "serving_flow": Example(
        problem={
            "kind": "serving_flow",
            "layers": 3,
            "node_types": [
                {"name": "large", "utokens_per_s": ["100 token/s", "60 token/s", "40 token/s"]},
                {"name": "small", "utokens_per_s": ["50 token/s"]},
            ],
            "nodes": [
                {
                    "name": "large",
                    "type": "large",
                    "from_source_utokens_per_s": "1 Mtoken/s",
                },
                {"name": "small-1", "type": "small", "to_sink_utokens_per_s": "1 Mtoken/s"},
                {"name": "small-2", "type": "small", "to_sink_utokens_per_s": "1 Mtoken/s"},
            ],
            "default_link_utokens_per_s": "1 Mtoken/s",
        },
        plan={
            "kind": "serving_flow",
            "placements": [
                {"node": "large", "start": 0, "stop": 2},
                {"node": "small-1", "start": 2, "stop": 3},
                {"node": "small-2", "start": 2, "stop": 3},
            ],
        },
        objective=13_333_333,
    ),
}
