"""What EdgeShard's figures are predicted from: a public profile, links, and one scalar.

Taken as given, from a re-implementation that calls itself unofficial (github.com/KasperXMS/
EdgeShard-remastered at b3b275a, algorithm/7B_partition_latency.py and _throughput.py): the time of
every layer of Llama-2-7B on the paper's three kinds of device (the mean of 32 decoders here), their
room, 2.1 ms for every message, 10 Mbit/s between source and server, and that the head's output, one
number of 4 bytes for each of 32,000 words, goes back to the source. What it sends is four times
what one request has, so that its times are taken for those of a batch of four.

Assumed: 50 Mbit/s between all others, as in the shipped instances; layers of 13B and 70B take time
in proportion to their weights; one request takes `scale_ppm` of a batch of four on every device.
"""

from dataclasses import dataclass
from typing import Any

from models.documents import validate
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from problem_instances import load

BATCH = 4
# µs of embedding, decoder and head of 7B, by device type.
PROFILE_US = {
    "agx-orin": (627, 5277, 4482),
    "orin-nx": (476, 6019, 5482),
    "rtx-3090": (77, 792, 648),
}
ROOM_GIB = {"agx-orin": 29, "orin-nx": 14, "rtx-3090": 22}
_LOGITS_BYTES = 4 * 32_000


@dataclass(frozen=True)
class Calibration:
    """What a prediction rests on.

    profiled: the profile's times, else the shipped instances' roofline; scale_ppm: of the
    profile's times, for one request; message_us: of every message; link_kbit_per_s: of every link
    but that between source and server, server_kbit_per_s; returned_bytes: per request and token,
    from the last device to the source; percent_70b: time per weight of 70B over that of 7B.
    """

    profiled: bool = True
    scale_ppm: int = 806_446
    message_us: int = 2_100
    link_kbit_per_s: int = 50_000
    server_kbit_per_s: int = 10_000
    returned_bytes: int = _LOGITS_BYTES
    percent_70b: int = 100


def calibrated(
    used: Calibration, model: str, objective: PipelineObjective
) -> PipelinePartitionProblem:
    """The testbed with a model: one request for latency, a batch of four for throughput."""
    fields = load(f"pipeline_partition/edgeshard-{model}").model_dump(mode="json")
    batch = 1 if objective is PipelineObjective.LATENCY else BATCH
    fields["objective"] = objective.value
    fields["workload"] |= {"batch": batch, "concurrency": batch}
    fields["model"]["layers"][-1]["output_bytes_per_token"] = used.returned_bytes
    graph = fields["device_graph"]
    for device in graph["devices"]:
        device["memory_bytes"] = ROOM_GIB[device["type"]] * 2**30
    for link in (*graph["links"], graph["default_link"]):
        link["latency_ns"] = used.message_us * 1000
    graph["default_link"]["bandwidth_bit_per_s"] = used.link_kbit_per_s * 1000
    for link in graph["links"]:
        link["bandwidth_bit_per_s"] = used.server_kbit_per_s * 1000
    if used.profiled:
        measured = {"batch": batch, "time_ns": _times(used, model, fields, batch)}
        fields["profile"] = {"measurements": [measured]}
    return validate(fields, PipelinePartitionProblem)


def _times(
    used: Calibration, model: str, fields: dict[str, Any], batch: int
) -> dict[str, dict[str, int]]:
    """Ns by device type and layer: the profile's, by weights, and by what one request takes."""
    base = load("pipeline_partition/edgeshard-7b").model_dump(mode="json")["model"]["layers"]
    scale = 10**6 if batch == BATCH else used.scale_ppm
    slower = used.percent_70b if model == "70b" else 100
    return {
        kind: {
            layer["name"]: time_us
            * 1000
            * layer["weight_bytes"]
            * scale
            * slower
            // (own["weight_bytes"] * 10**8)
            for time_us, layer, own in zip(row, fields["model"]["layers"], base, strict=True)
        }
        for kind, row in PROFILE_US.items()
    }
