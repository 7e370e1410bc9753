"""The reader of PipeEdge's YAML: units by hand, faults by pointer, exact values where data are."""

import json

import pytest

from models.errors import DocumentError
from models.problems.pipeline_partition import PipelinePartitionProblem
from models.result import Limits
from planner.verify import verify
from problem_instances.readers import VARIABLE, data_folder
from problem_instances.readers.pipeedge import read
from solvers.registry import entry

# Exact bottlenecks in seconds: their recurrence with its type index corrected.
EXACT = {
    ("base", "devices"): 1.5488,
    ("base", "d11"): 5.8440,
    ("base", "d12"): 3.7657,
    ("base", "d88"): 0.8008,
    ("large", "devices"): 5.0428,
    ("large", "d11"): 19.9085,
    ("large", "d12"): 12.9046,
    ("large", "d88"): 2.5732,
}

MODELS = {"m": {"parameters_in": 10, "parameters_out": [20, 5], "mem_MB": [1, 0.5]}}
HOSTS = {"fast": ["f0"], "slow": ["s0", "s1"], "none": []}


def _types(**fast: object) -> dict[str, object]:
    profile = {"batch_size": 8, "dtype": "torch.float32"}
    return {
        "fast": {
            "mem_MB": 64,
            "bw_Mbps": 100,
            "model_profiles": {"m": [profile | {"time_s": [0.001, 0.002]}]},
            **fast,
        },
        "slow": {
            "mem_MB": 32,
            "bw_Mbps": 10,
            "model_profiles": {"m": [profile | {"time_s": [0.01, 0.0200000005]}]},
        },
        "none": {"mem_MB": 0},
    }


def _read(
    models: object = None, types: object = None, hosts: object = None, **options: object
) -> PipelinePartitionProblem:
    texts = (models or MODELS, types or _types(), hosts or HOSTS)
    first, second, third = (json.dumps(text) for text in texts)
    return read((first, second, third), "m", **options)


def test_units_by_hand() -> None:
    """MiB, 2^20 bit/s, 4 bytes per element, seconds to ns; the smaller bandwidth counts."""
    problem = _read()
    first, second = problem.layers
    assert (first.weight_bytes, second.weight_bytes) == (2**20, 2**19)
    assert (first.output_bytes_per_token, second.output_bytes_per_token) == (80, 20)
    # Three inputs of at most 20 elements, three outputs of at most 20.
    assert first.activation_bytes_per_token == (3 * 20 + 3 * 20) * 4
    assert problem.profile.time_ns("slow", "layer-2", 1, 8) == 20_000_001
    graph = problem.device_graph
    assert [device.name for device in graph.devices] == ["f0", "s0", "s1"]
    rate = graph.rate("f0", "s1")
    assert rate is not None
    assert rate.bandwidth_bit_per_s == 10 * 2**20
    assert _read(buffers=(0, 1)).layers[0].activation_bytes_per_token == (20 + 2 * 20) * 4


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"models": {"other": {}}}, "/m"),
        ({"models": {"m": MODELS["m"] | {"mem_MB": [1]}}}, "/m/mem_MB"),
        ({"models": {"m": MODELS["m"] | {"parameters_out": ["x"]}}}, "/m/parameters_out"),
        ({"types": {"fast": {}}}, "/fast/model_profiles"),
        ({"types": _types(mem_MB=-1)}, "/fast/mem_MB"),
        ({"hosts": {"unknown": ["u0"]}}, "/unknown"),
        ({"hosts": {"fast": "f0"}}, "/fast"),
        ({"batch": 4}, "/fast/model_profiles/m"),
        ({"dtype": "int3"}, ""),
    ],
    ids=str,
)
def test_faults_are_told_by_pointer(change: dict[str, object], pointer: str) -> None:
    """What does not follow the formats is an error that says where."""
    with pytest.raises(DocumentError) as caught:
        _read(**change)
    assert caught.value.faults[0].pointer == pointer


@pytest.mark.parametrize(("size", "devices"), EXACT)
def test_optima_are_the_exact_values(size: str, devices: str) -> None:
    """The dynamic program meets the exact bottleneck on every device file."""
    folder = data_folder()
    if folder is None or not (folder / "pipeedge").is_dir():
        pytest.skip(f"{VARIABLE} names no folder with pipeedge")
    models, types, hosts = (
        (folder / "pipeedge" / f"{name}.yml").read_text(encoding="utf-8")
        for name in ("models", "device_types", devices)
    )
    problem = read((models, types, hosts), f"google/vit-{size}-patch16-224")
    claim = entry("pipeline_partition", "dp").load().solve(problem, Limits())
    assert claim.plan is not None
    objective = verify(problem, claim.plan).objective
    assert objective == claim.lower_bound
    assert objective is not None
    assert round(objective / 10**9, 4) == EXACT[size, devices]
