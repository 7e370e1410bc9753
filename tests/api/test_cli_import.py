"""`edgeplan import`: files of others become documents that read back, or are refused in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.documents import read_problem
from problem_instances.readers import dnn_partitioning, helix, pipeedge, submodular
from tests.api.conftest import edgeplan

NODE = {"supportedOnFpga": 1, "cpuLatency": 9.0, "isBackwardNode": 0, "size": 600}
GRAPH = {
    "maxFPGAs": 2,
    "maxCPUs": 1,
    "maxSizePerFPGA": 1000,
    "nodes": [{"id": 1, "fpgaLatency": 1.5, **NODE}, {"id": 2, "fpgaLatency": 2.5, **NODE}],
    "edges": [{"sourceId": 1, "destId": 2, "cost": 0.25}],
}
CLUSTER = {
    "layers": 2,
    "throughput_by_layers_held": [[10.5, 4.0], [7.0]],
    "links": [["source", 0, 500.0], [1, "sink", 0.25], [0, 1, 75.5]],
}
LOCATION = {
    "family": "loc",
    "values": [[0.9, 0.1], [0.2, 0.8]],
    "weights": [0.5, 0.75],
    "capacity": 1,
}
COVERAGE = {
    "family": "cov",
    "values": {"element_weights": [0.3, 0.7], "covers": [[0], []]},
    "weights": [1, 2],
    "capacity": 2,
}
MODELS = {
    "tiny": {"layers": 2, "mem_MB": [1, 2], "parameters_in": 8, "parameters_out": [4, 2]},
    "none": {"layers": 0, "mem_MB": [], "parameters_in": 0, "parameters_out": []},
}
PROFILE = [{"batch_size": 8, "dtype": "torch.float32", "time_s": [0.5, 0.25]}]
TYPES = {"board": {"bw_Mbps": 100, "mem_MB": 64, "model_profiles": {"tiny": PROFILE}}}
HOSTS = {"board": ["one", "two"]}


def _write(folder: Path, *documents: object) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    return paths


@pytest.mark.parametrize("options", [[], ["--free"]], ids=str)
def test_a_graph_is_what_its_reader_says(options: list[str], tmp_path: Path) -> None:
    """The document holds the whole problem, with contiguous parts or free ones."""
    (path,) = _write(tmp_path, GRAPH)
    result = edgeplan("import", "dnn-partitioning", path, *options)
    expected = dnn_partitioning.read(json.dumps(GRAPH), contiguous=not options)
    assert result.exit_code == 0
    assert read_problem(result.stdout) == expected


@pytest.mark.parametrize("options", [[], ["--no-partial-inference"]], ids=str)
def test_a_cluster_is_what_its_reader_says(options: list[str], tmp_path: Path) -> None:
    """From standard input to a file, with partial inference or without."""
    out = tmp_path / "problem.json"
    result = edgeplan("import", "helix", "-", *options, "-o", out, stdin=json.dumps(CLUSTER))
    assert (result.exit_code, result.stdout) == (0, "")
    expected = helix.read(json.dumps(CLUSTER), partial_inference=not options)
    assert read_problem(out.read_bytes()) == expected


def test_three_files_make_a_pipeline(tmp_path: Path) -> None:
    """The only model with layers needs no name; with it the result is the same."""
    paths = _write(tmp_path, MODELS, TYPES, HOSTS)
    expected = pipeedge.read((json.dumps(MODELS), json.dumps(TYPES), json.dumps(HOSTS)), "tiny")
    for named in ([], ["--model", "tiny"]):
        result = edgeplan("import", "pipeedge", *paths, *named)
        assert result.exit_code == 0
        assert read_problem(result.stdout) == expected


@pytest.mark.parametrize("document", [LOCATION, COVERAGE], ids=["loc", "cov"])
def test_a_knapsack_is_what_its_reader_says(document: object, tmp_path: Path) -> None:
    """Facility location and coverage, named after their file."""
    (path,) = _write(tmp_path, document)
    result = edgeplan("import", "submodular", path)
    assert result.exit_code == 0
    assert read_problem(result.stdout) == submodular.read(json.dumps(document), path.stem)


def test_a_routing_table_becomes_windows_of_loads(tmp_path: Path) -> None:
    """Five tokens in windows of two: the fifth is left out, experts never chosen have no load."""
    table = tmp_path / "table.npy"
    np.save(table, np.array([[[0]], [[1]], [[1]], [[1]], [[0]]]))
    options = ("--devices", "2", "--slots", "2", "--window-tokens", "2", "--experts", "3")
    problem = json.loads(edgeplan("import", "routing", table, *options).stdout)
    assert [window["loads"] for window in problem["windows"]] == [[[1, 1, 0]], [[0, 2, 0]]]
    assert [device["slots"] for device in problem["devices"]] == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["onnx", "x"], "no format 'onnx'"),
        (["helix", "x", "y"], "helix takes FILE, not 2 files"),
        (["pipeedge", "x"], "pipeedge takes MODELS DEVICE_TYPES DEVICES"),
        (["helix", "x", "--free"], "takes only --no-partial-inference"),
        (["submodular", "x", "--batch", "8"], "takes no options"),
        (["routing", "x", "--devices", "8"], "--slots: routing needs it"),
    ],
    ids=str,
)
def test_wrong_usage_is_said_before_a_file_is_read(arguments: list[str], reason: str) -> None:
    """Formats, files and options that do not go together are usage, not input."""
    result = edgeplan("import", *arguments)
    assert result.exit_code == 64
    assert reason in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("name", "documents", "reason"),
    [
        ("submodular", [LOCATION | {"family": "mix"}], "/family: not 'loc' or 'cov'"),
        ("submodular", [LOCATION | {"weights": [1]}], "/weights: not one weight for each of 2"),
        ("submodular", [LOCATION | {"values": [[0.5], [2.0]]}], "/values/1: not as many numbers"),
        ("submodular", [COVERAGE | {"capacity": None}], "/capacity: not a number of 0 or more"),
        ("dnn-partitioning", [GRAPH | {"maxFPGAs": "two"}], "/maxFPGAs: not a number"),
        ("helix", [CLUSTER | {"links": [[0, 9, 1.0]]}], "/links/0: not the index of a node"),
        ("pipeedge", [HOSTS, TYPES, MODELS], "give models, device types, devices in this order"),
        ("pipeedge", [MODELS, 7, HOSTS], "device types: not an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_names_field_and_remedy(
    name: str, documents: list[object], reason: str, tmp_path: Path
) -> None:
    """What stands in a file is bad input: the file, the field, what is wrong with it."""
    paths = _write(tmp_path, *documents)
    result = edgeplan("import", name, *paths)
    assert result.exit_code == 65
    assert str(paths[0]) in result.stderr
    assert reason in result.stderr


def test_profiles_that_are_there_are_named(tmp_path: Path) -> None:
    """A batch that was not profiled, or a model that is not there, is told what there is."""
    paths = _write(tmp_path, MODELS, TYPES, HOSTS)
    assert "8 in torch.float32" in edgeplan("import", "pipeedge", *paths, "--batch", "4").stderr
    assert "name one of: tiny" in edgeplan("import", "pipeedge", *paths, "--model", "x").stderr


@pytest.mark.parametrize(
    ("document", "command"),
    [
        (GRAPH, "edgeplan import dnn-partitioning FILE"),
        (CLUSTER, "edgeplan import helix FILE"),
        (COVERAGE, "edgeplan import submodular FILE"),
        (MODELS, "edgeplan import pipeedge MODELS"),
        (TYPES, "edgeplan import pipeedge MODELS"),
        (HOSTS, "edgeplan import pipeedge MODELS"),
    ],
    ids=["graph", "cluster", "coverage", "models", "types", "hosts"],
)
def test_a_foreign_document_is_recognised(document: object, command: str) -> None:
    """Where a problem is expected, the file of another tool is told its way in."""
    result = edgeplan("validate", "-", stdin=json.dumps(document))
    assert result.exit_code == 65
    assert command in result.stderr
