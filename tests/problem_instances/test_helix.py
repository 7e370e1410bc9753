"""The reader of Helix clusters, and their best known flows where the data are."""

import json
from pathlib import Path

import pytest

from models.errors import DocumentError
from models.result import Limits
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances.readers import VARIABLE, data_folder
from problem_instances.readers.helix import read
from solvers.registry import entry

# Tokens/s: the best known of any method before; proved: by a bound from the problem alone.
KNOWN = {
    "llama30b_4_a100": (1044.533, True),
    "llama30b_8_l4": (252.649, True),
    "llama30b_10_mixed": (286.587, True),
    "llama30b_12_t4": (397.685, True),
    "llama70b_24_single_cluster": (1347.867, True),
    "llama70b_42_heterogeneous_pruned": (5430.024, False),
}


def _document() -> dict[str, object]:
    """Two nodes of one make and one of another, a link that is missing, one that is slow."""
    return {
        "layers": 3,
        "throughput_by_layers_held": [[10.5, 4.0000005], [10.5, 4.0000005], [7]],
        "links": [
            ["source", 0, 500.0],
            [2, "sink", 0.25],
            [0, 1, 75.5],
            [1, 2, 3],
        ],
        "recorded_by_authors": 1.0,
    }


def test_floats_become_integers_once() -> None:
    """Rates are millionths of a token per second, rounded half up; makes are told apart."""
    problem = read(json.dumps(_document()))
    first, second = problem.node_types
    assert (first.utokens_per_s, second.utokens_per_s) == ((10_500_000, 4_000_001), (7_000_000,))
    assert [node.type for node in problem.nodes] == ["type-1", "type-1", "type-2"]
    assert problem.nodes[0].from_source_utokens_per_s == 500_000_000
    assert problem.nodes[2].to_sink_utokens_per_s == 250_000
    assert problem.nodes[1].from_source_utokens_per_s is None
    assert problem.rates == {("node-0", "node-1"): 75_500_000, ("node-1", "node-2"): 3_000_000}
    assert problem.partial_inference
    assert not read(json.dumps(_document()), partial_inference=False).partial_inference


def test_equal_links_become_the_default() -> None:
    """Where every pair has a link the most common rate stands once."""
    document = _document()
    document["links"] = [[a, b, 9 if a else 8] for a in range(3) for b in range(3) if a != b]
    problem = read(json.dumps(document))
    assert problem.default_link_utokens_per_s == 9_000_000
    assert len(problem.links) == 2
    assert problem.rates["node-0", "node-2"] == 8_000_000


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"links": [[0, 3, 1.0]]}, "/links/0"),
        ({"links": [[0, 1]]}, "/links/0"),
        ({"links": [[0, 1, 0]]}, "/links/0"),
        ({"links": []}, "/links"),
        ({"links": [[0, 1, 1.0], [1, 0, 1.0], [0, 1, 2.0]]}, "/links/2"),
        ({"throughput_by_layers_held": [[1.0], []]}, "/throughput_by_layers_held/1"),
        ({"throughput_by_layers_held": [[True]]}, "/throughput_by_layers_held/0"),
        ({"layers": 2.5}, "/layers"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(change: dict[str, object], pointer: str) -> None:
    """A wrong value is refused with the place where it stands."""
    with pytest.raises(DocumentError) as refused:
        read(json.dumps(_document() | change))
    assert refused.value.faults[0].pointer == pointer


def _texts() -> dict[str, str]:
    folder = data_folder(None)
    if folder is None or not (folder / "helix").is_dir():
        return {}
    return {path.stem: path.read_text() for path in sorted(Path(folder, "helix").glob("*.json"))}


@pytest.mark.skipif(not _texts(), reason=f"{VARIABLE} names no folder with helix")
@pytest.mark.parametrize("partial", [True, False], ids=["partial", "whole"])
@pytest.mark.parametrize("name", [name for name, (_, proved) in KNOWN.items() if proved])
def test_published_clusters_are_proved(name: str, partial: bool) -> None:
    """The best known flow is reached or exceeded, and a bound without a solver meets it."""
    problem = read(_texts()[name], partial_inference=partial)
    method = entry("serving_flow", "cover")
    assert method is not None
    claim = method.load().solve(problem, Limits())
    assert claim.plan is not None
    objective = verify(problem, claim.plan).objective
    assert objective == claim.lower_bound == lower_bound(problem)
    assert problem.compute_bound - objective >= KNOWN[name][0] * 10**6


@pytest.mark.slow
@pytest.mark.skipif(not _texts(), reason=f"{VARIABLE} names no folder with helix")
@pytest.mark.parametrize("partial", [True, False], ids=["partial", "whole"])
def test_the_largest_cluster_exceeds_the_best_known(partial: bool) -> None:
    """42 nodes, most of them behind gateways: more than was known, and a better bound."""
    name = "llama70b_42_heterogeneous_pruned"
    problem = read(_texts()[name], partial_inference=partial)
    method = entry("serving_flow", "cover")
    assert method is not None
    claim = method.load().solve(problem, Limits(time_limit_ns=120 * 10**9))
    assert claim.plan is not None
    objective = verify(problem, claim.plan).objective
    assert objective is not None
    assert problem.compute_bound - objective > KNOWN[name][0] * 10**6
    assert claim.lower_bound is not None
    assert 0 < claim.lower_bound <= objective
