"""Contradictions of split problems: each says where it is and what to do about it."""

from collections.abc import Callable
from typing import Any

import pytest

from models.documents import validate
from models.errors import DocumentError
from models.problems.split_computing import SplitComputingProblem

Document = dict[str, Any]
_DAY_NS = 24 * 3600 * 10**9


def _document() -> Document:
    """A camera and a box, a chain of three, one choice of each sort."""
    times = {"camera": 1, "box": 1}
    work = {"time_ns": times}
    gates = [{"after": "a", "pass_ppm": 1, **work}, {"after": "b", "pass_ppm": 1, **work}]
    return {
        "kind": "split_computing",
        "model": {
            "name": "three",
            "input_bytes": 1,
            "layers": [{"name": name, "output_bytes": 1, **work} for name in "abc"],
            "edges": [["a", "b"], ["b", "c"]],
        },
        "accuracy_ppm": 900_000,
        "devices": [{"name": "camera"}, {"name": "box"}],
        "hops": [{"latency_ns": 1, "bandwidth_bit_per_s": 8 * 10**9}],
        "scenarios": [{"name": "good", "bandwidth_bit_per_s": [8 * 10**9]}],
        "representations": [{"name": "half", "size_ppm": 500_000, "size_bytes": {"a": 1}}],
        "bottlenecks": [
            {"name": "neck", "after": "b", "size_bytes": 1, "encode": work, "decode": work}
        ],
        "policies": [{"name": "exits", "gates": gates}],
    }


def _branch(document: Document) -> None:
    document["model"]["edges"] = [["a", "c"], ["b", "c"]]


def _loop(document: Document) -> None:
    document["model"]["edges"].append(["c", "a"])


def _put(*path: str | int) -> Callable[[Document], None]:
    """Sets what the path leads to, given as its last item."""

    def edit(document: Document) -> None:
        place: Any = document
        for part in path[:-2]:
            place = place[part]
        place[path[-2]] = path[-1]

    return edit


def _copy(group: str) -> Callable[[Document], None]:
    """States the first item of a group twice."""

    def edit(document: Document) -> None:
        document[group].append(document[group][0])

    return edit


def _hop(document: Document) -> None:
    document["hops"] = []


def _sizeless(document: Document) -> None:
    document["representations"] = [{"name": "ghost"}]


def _rates(document: Document) -> None:
    document["scenarios"][0]["bandwidth_bit_per_s"] = []


def _untimed(document: Document) -> None:
    del document["model"]["layers"][1]["time_ns"]


def _gate_untimed(document: Document) -> None:
    document["policies"][0]["gates"][1] = {"after": "b", "pass_ppm": 1}


def _long(document: Document) -> None:
    slow = {"flops": 10**15}
    document["devices"][1]["flops_per_s"] = 1
    document["bottlenecks"][0]["decode"] = slow


def _slow_scenario(document: Document) -> None:
    document["model"]["input_bytes"] = 10**12
    document["scenarios"].append({"name": "bad", "bandwidth_bit_per_s": [1000]})


def _slow_hop(document: Document) -> None:
    document["model"]["input_bytes"] = 10**12
    document["scenarios"] = []
    document["hops"][0]["bandwidth_bit_per_s"] = 1000


def _huge(document: Document) -> None:
    """A thousand layers of a day each at 10 kW: no single figure is out of range."""
    document["devices"][0]["power_uj_per_s"] = 10**10
    layer = document["model"]["layers"][0] | {"time_ns": {"camera": _DAY_NS, "box": _DAY_NS}}
    document["model"]["edges"] = None
    document["model"]["layers"] += [layer | {"name": f"v{number}"} for number in range(1000)]


@pytest.mark.parametrize(
    ("edit", "pointer", "remedy"),
    [
        (_put("model", "layers", 2, "name", "a"), "/model/layers/2/name", "its own name"),
        (_put("model", "layers", 0, "name", "input"), "/model/layers/0/name", "its own name"),
        (_put("model", "edges", 1, 0, "x"), "/model/edges/1/0", "check its name"),
        (_loop, "/model/edges/2", "remove one edge"),
        (_hop, "/hops", "one hop from each device"),
        (_rates, "/scenarios/0/bandwidth_bit_per_s", "one per hop"),
        (_copy("devices"), "/hops", "one hop from each device"),
        (_put("devices", 1, "name", "camera"), "/devices/1/name", "its own name"),
        (_copy("scenarios"), "/scenarios/1/name", "its own name"),
        (_copy("representations"), "/representations/1/name", "its own name"),
        (_put("representations", 0, "name", "raw"), "/representations/0/name", "always there"),
        (_copy("bottlenecks"), "/bottlenecks/1/name", "its own name"),
        (_copy("policies"), "/policies/1/name", "its own name"),
        (
            _put("representations", 0, "size_bytes", {"x": 1}),
            "/representations/0/size_bytes/x",
            "use one of: a, b, c, input",
        ),
        (_sizeless, "/representations/0/size_ppm", "give size_ppm for all tensors"),
        (_put("bottlenecks", 0, "after", "x"), "/bottlenecks/0/after", "use one of: a, b, c"),
        (
            _put("policies", 0, "gates", 1, "after", "x"),
            "/policies/0/gates/1/after",
            "use one of: a, b, c",
        ),
        (_put("policies", 0, "gates", 1, "after", "a"), "/policies/0/gates/1/after", "merge them"),
        (_branch, "/bottlenecks/0/after", "a single tensor"),
        (
            _put("representations", 0, "accuracy_ppm", 950_000),
            "/representations/0/accuracy_ppm",
            "as the problem's accuracy_ppm",
        ),
        (
            _put("bottlenecks", 0, "accuracy_ppm", 950_000),
            "/bottlenecks/0/accuracy_ppm",
            "as the problem's accuracy_ppm",
        ),
        (
            _put("policies", 0, "accuracy_ppm", 950_000),
            "/policies/0/accuracy_ppm",
            "as the problem's accuracy_ppm",
        ),
        (_untimed, "/model/layers/1/time_ns", "give time_ns for type 'camera'"),
        (_gate_untimed, "/policies/0/gates/1/time_ns", "give time_ns for type 'camera'"),
        (_long, "/bottlenecks/0/decode", "check flops"),
        (_slow_scenario, "/scenarios/1/bandwidth_bit_per_s/0", "check output_bytes"),
        (_slow_hop, "/hops/0/bandwidth_bit_per_s", "check output_bytes"),
        (_huge, "/model", "not of this world"),
    ],
)
def test_each_contradiction_has_a_place_and_a_remedy(
    edit: Callable[[Document], None], pointer: str, remedy: str
) -> None:
    """One fault, at the field that has to change, with what to do there."""
    document = _document()
    validate(document, SplitComputingProblem)
    edit(document)
    with pytest.raises(DocumentError) as caught:
        validate(document, SplitComputingProblem)
    (fault,) = caught.value.faults
    assert fault.pointer == pointer
    assert remedy in fault.remedy
