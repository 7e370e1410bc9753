"""The reader of dnn-partitioning's JSON: its traps, and its published optima where the data are."""

import json
from pathlib import Path

import pytest

from models.errors import DocumentError
from models.result import Limits, Reason
from planner.verify import verify
from problem_instances.readers import VARIABLE, data_folder
from problem_instances.readers.dnn_partitioning import read
from solvers.registry import entry

# Largest loads of contiguous partitions in ms: their C++ dynamic program.
CONTIGUOUS = {
    "bert24_inference": 17.7899,
    "bert24_training": 41.7458,
    "bert_l-3_inference": 27.9186,
    "gnmt_inference": 32.9107,
    "resnet50_inference": 33.7747,
}


def _document() -> dict[str, object]:
    """Three nodes in no order; 5 feeds both others."""
    node = {"supportedOnFpga": 1, "cpuLatency": 2, "fpgaLatency": 0.25, "isBackwardNode": 0}
    return {
        "maxFPGAs": 2,
        "maxCPUs": 1,
        "maxSizePerFPGA": 100.0,
        "nodes": [
            {**node, "id": 7, "colorClass": 3, "size": 10.0},
            {**node, "id": 5, "fpgaLatency": 0.0000005, "colorClass": 3, "name": "any name"},
            {**node, "id": 2, "supportedOnFpga": False, "isBackwardNode": True},
        ],
        "edges": [
            {"sourceId": 5, "destId": 7, "cost": 0.000476837158203125, "size": 1},
            {"sourceId": 5, "destId": 2, "cost": 0.000476837158203125},
        ],
    }


def test_fields_become_integers_once() -> None:
    """Times become ns, rounded half up; ids names; the edge's cost the producer's."""
    problem = read(json.dumps(_document()))
    first, second, third = problem.operators
    assert (first.name, first.cpu_ns, first.accelerator_ns) == ("7", 2_000_000, 250_000)
    assert (second.accelerator_ns, second.transfer_ns, second.size_bytes) == (1, 477, 0)
    assert (first.colocation, second.colocation, third.colocation) == ("class-3", "class-3", None)
    assert (third.accelerator_ns, third.backward, third.transfer_ns) == (None, True, 0)
    assert problem.edges == (("5", "7"), ("5", "2"))
    assert (problem.accelerators, problem.cpus, problem.accelerator_memory_bytes) == (2, 1, 100)
    assert problem.contiguous
    assert not read(json.dumps(_document()), contiguous=False).contiguous


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"nodes": 3}, "/nodes"),
        ({"nodes": [3]}, "/nodes/0"),
        ({"edges": [{"sourceId": 5, "destId": 7}]}, "/edges/0/cost"),
        ({"maxFPGAs": "two"}, "/maxFPGAs"),
        ({"maxCPUs": -1}, "/maxCPUs"),
        ({"edges": [{"sourceId": 5, "destId": 9, "cost": 1}]}, "/edges/0/destId"),
        (
            {
                "edges": [
                    {"sourceId": 5, "destId": 7, "cost": 1},
                    {"sourceId": 5, "destId": 2, "cost": 2},
                ]
            },
            "/edges/1/cost",
        ),
    ],
    ids=str,
)
def test_faults_are_told_by_pointer(change: dict[str, object], pointer: str) -> None:
    """What does not follow the format is an error that says where."""
    with pytest.raises(DocumentError) as caught:
        read(json.dumps(_document() | change))
    assert caught.value.faults[0].pointer == pointer


def _published(name: str) -> str:
    folder = data_folder()
    path = None if folder is None else folder / "dnn_partitioning" / f"{name}.json"
    if path is None or not path.is_file():
        pytest.skip(f"{VARIABLE} names no folder with dnn_partitioning/{name}.json")
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CONTIGUOUS)
def test_contiguous_optima_are_the_published_ones(name: str) -> None:
    """The dynamic program's optimum is theirs to the last published digit."""
    problem = read(_published(name))
    claim = entry("dag_partition", "dp").load().solve(problem, Limits())
    assert claim.reason is Reason.COMPLETED
    assert claim.plan is not None
    objective = verify(problem, claim.plan).objective
    assert objective == claim.lower_bound
    assert objective is not None
    assert round(objective / 10**6, 4) == CONTIGUOUS[name]


@pytest.mark.parametrize(
    ("name", "ms"),
    [("bert24_inference", 17.7147), ("bert24_training", 39.7895), ("bert_l-3_inference", 21.9084)],
)
def test_free_optima_are_proved_by_cpsat(name: str, ms: float) -> None:
    """The best known free loads are proved optimal, from the linearised plan on."""
    problem = read(_published(name), contiguous=False)
    claim = entry("dag_partition", "cpsat").load().solve(problem, Limits())
    assert claim.reason is Reason.COMPLETED
    assert claim.lower_bound is not None
    assert round(claim.lower_bound / 10**6, 4) == ms


def test_the_folder_is_the_one_given_or_the_environment_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag stands above the environment; a folder that is not there is none."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert data_folder() is None
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert data_folder() == tmp_path
    assert data_folder(tmp_path.parent) == tmp_path.parent
    assert data_folder(tmp_path / "absent") is None
