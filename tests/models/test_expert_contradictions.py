"""Documents of experts on holders and devices that contradict themselves: at which field, why."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from models.documents import read_problem
from models.errors import DocumentError

_PLACEMENT: dict[str, Any] = {
    "kind": "offload_placement",
    "holders": [
        {"name": "gpu", "memory_bytes": 2000, "read_bytes_per_s": "1 GB/s"},
        {"name": "cpu", "memory_bytes": 2000},
        {"name": "ssd"},
    ],
    "links": [
        {"source": "gpu", "target": "cpu", "bandwidth_bit_per_s": "80 Mbit/s"},
        {"source": "gpu", "target": "ssd", "bandwidth_bit_per_s": "8 Mbit/s"},
    ],
    "sites": ["gpu"],
    "precisions": [{"name": "full"}, {"name": "int8", "size_ppm": 500_000}],
    "layers": [
        {
            "name": "l0",
            "top_k": 1,
            "expert_bytes": 1000,
            "activations": [[3, 2, 1]],
            "merge": [[0, 1, 5], [1, 0, 7]],
            "distil": {"student_bytes": 100, "pairs": [[0, 1, 5]]},
            "share": {"base_bytes": 500, "delta_bytes": 50, "loss_ppm": [1, None, 2]},
            "patterns": [
                {"site": "gpu", "experts": [0, 1], "tokens": 2},
                {"site": "gpu", "experts": [0, 2], "tokens": 1},
            ],
        },
        {"name": "l1", "top_k": 1, "expert_bytes": 1000, "activations": [[1, 0, 1]]},
    ],
    "tokens": 3,
    "present": {"copies": {"l0": [{"expert": 0, "holder": "gone"}]}, "ns_per_mib": 5},
}
_BALANCE: dict[str, Any] = {
    "kind": "expert_balance",
    "devices": [
        {"name": "a", "slots": 2, "node": "n0"},
        {"name": "b", "slots": 3, "node": "n1"},
    ],
    "groups": 2,
    "windows": [{"name": "w", "loads": [[1, 2, 3, 4], [4, 3, 2, 1]]}],
    "held_out": [{"name": "h", "loads": [[1, 2, 3, 4], [4, 3, 2, 1]]}],
    "mode": "equal_split",
    "transitions": [[[1, 0, 0, 0]] * 4],
    "previous": {"physical_to_logical_map": [[0, 1, 2, 3, -1]] * 2, "ns_per_replica": 5},
}
_Edit = Callable[[dict[str, Any]], object]


def _set(*path: str | int | object) -> _Edit:
    """Puts the last item at the place that the others lead to."""

    def edit(document: dict[str, Any]) -> None:
        *inner, last, value = path
        place: Any = document
        for part in inner:
            place = place[part]
        place[last] = value

    return edit


def _large(*path: str | int | object) -> _Edit:
    """The same, with experts of a terabyte and loads of thousands of millions."""

    def edit(document: dict[str, Any]) -> None:
        for layer in document.get("layers", ()):
            layer["expert_bytes"] = "1 TB"
        for window in document.get("windows", ()):
            window["loads"] = [[10**9] * 4] * 2
        _set(*path)(document)

    return edit


def _hops(**changes: object) -> _Edit:
    def edit(document: dict[str, Any]) -> None:
        document.update({"objective": "hops", "previous": None, **changes})

    return edit


_L0 = ("layers", 0)
_MAP = ("previous", "physical_to_logical_map")
_SPOILED: list[tuple[dict[str, Any], _Edit, str, str]] = [
    (_PLACEMENT, _set("holders", 1, "name", "gpu"), "/holders/1/name", "named twice"),
    (_PLACEMENT, _set("layers", 1, "name", "l0"), "/layers/1/name", "named twice"),
    (_PLACEMENT, _set("precisions", 1, "name", "full"), "/precisions/1/name", "named twice"),
    (_PLACEMENT, _set("sites", ["gpu", "gpu"]), "/sites/1", "named twice"),
    (_PLACEMENT, _set("links", 1, "target", "cpu"), "/links/1", "a second time"),
    (_PLACEMENT, _set("links", 1, "target", "gpu"), "/links/1", "with itself"),
    (_PLACEMENT, _set("links", 1, "target", "attic"), "/links/1/target", "not known"),
    (_PLACEMENT, _set("links", 0, "source", "attic"), "/links/0/source", "not known"),
    (_PLACEMENT, _set("sites", ["attic"]), "/sites/0", "not known"),
    (_PLACEMENT, _set("sites", ["ssd"]), "/holders/2/read_bytes_per_s", "does not compute"),
    (_PLACEMENT, _set("layers", 1, "activations", [[1], [1]]), "/layers/1/activations", "2 rows"),
    (_PLACEMENT, _set(*_L0, "top_k", 4), "/layers/0/top_k", "fewer than top_k"),
    (_PLACEMENT, _set(*_L0, "share", "loss_ppm", [1]), "/layers/0/share/loss_ppm", "1 losses"),
    (_PLACEMENT, _set(*_L0, "merge", 1, [1, 3, 7]), "/layers/0/merge/1", "no expert 3"),
    (_PLACEMENT, _set(*_L0, "merge", 1, [0, 1, 7]), "/layers/0/merge/1", "stand twice"),
    (_PLACEMENT, _set(*_L0, "distil", "pairs", [[3, 0, 1]]), "/layers/0/distil/pairs/0", "expert"),
    (_PLACEMENT, _set(*_L0, "patterns", 1, "site", "cpu"), "/layers/0/patterns/1/site", "not kno"),
    (_PLACEMENT, _set(*_L0, "patterns", 1, "experts", [3]), "/layers/0/patterns/1/experts", "no "),
    (_PLACEMENT, _set(*_L0, "patterns", 1, "experts", [2, 2]), "/layers/0/patterns/1/experts", "t"),
    (_PLACEMENT, _set(*_L0, "patterns", 1, "tokens", 2), "/layers/0/patterns", "activate expert 0"),
    (_PLACEMENT, _set("objective", "max"), "/layers/1/patterns", "activate expert 0 0 times"),
    (_PLACEMENT, _set("present", "copies", {"l9": []}), "/present/copies/l9", "not known"),
    (
        _PLACEMENT,
        _set("present", "copies", "l0", 0, "expert", 3),
        "/present/copies/l0/0/expert",
        "no expert 3",
    ),
    (_PLACEMENT, _set("layers", 1, "activations", [[10**9, 1, 1]]), "/layers", "activations"),
    (_PLACEMENT, _large("links", 1, "bandwidth_bit_per_s", 1), "/links/1/bandwidth_bit_per_s", "6"),
    (_PLACEMENT, _large("holders", 0, "read_bytes_per_s", 1), "/holders/0", "64 bits"),
    (_PLACEMENT, _large("present", "ns_per_mib", 10**12), "/present/ns_per_mib", "64 bits"),
    (_BALANCE, _set("devices", 1, "name", "a"), "/devices/1/name", "two devices"),
    (_BALANCE, _set("held_out", 0, "name", "w"), "/held_out/0/name", "two windows"),
    (_BALANCE, _set("devices", 1, "node", None), "/devices/1/node", "names no node"),
    (_BALANCE, _set("windows", 0, "loads", [[1, 2, 3, 4], [4, 3]]), "/windows/0/loads/1", "of 2 "),
    (_BALANCE, _set("held_out", 0, "loads", [[1, 2, 3, 4]]), "/held_out/0/loads", "of 1 layers"),
    (_BALANCE, _set("groups", 3), "/groups", "equal groups"),
    (_BALANCE, _set("tail_windows", 2), "/tail_windows", "there are 1"),
    (_BALANCE, _set(*_MAP, [[0, 1, 2, 3, -1]]), "/" + "/".join(_MAP), "1 layers"),
    (_BALANCE, _set(*_MAP, 1, [0, 1, 2, 3]), "/" + "/".join(_MAP) + "/1", "4 slots"),
    (_BALANCE, _set(*_MAP, 1, [0, 1, 4, 3, 0]), "/" + "/".join(_MAP) + "/1/2", "no expert 4"),
    (_BALANCE, _set("transitions", []), "/transitions", "0 tables"),
    (_BALANCE, _set("transitions", [[[1]] * 4]), "/transitions/0", "not from 4 experts"),
    (_BALANCE, _hops(transitions=None), "/transitions", "counted from transitions"),
    (_BALANCE, _hops(mode="split"), "/mode", "equal split"),
    (_BALANCE, _hops(tail_weight=1), "/tail_weight", "without tail"),
    (_BALANCE, _set("objective", "hops"), "/previous", "previous placement"),
    (_BALANCE, _large("windows", 0, "weight", 10**6), "/windows", "64 bits"),
]


@pytest.mark.parametrize(
    ("document", "edit", "pointer", "reason"),
    [pytest.param(*spoiled, id=f"{number}{spoiled[2]}") for number, spoiled in enumerate(_SPOILED)],
)
def test_contradictions_are_told_at_their_field(
    document: dict[str, Any], edit: _Edit, pointer: str, reason: str
) -> None:
    """The document is read as it is; with one fault it is refused, at a field, with a remedy."""
    changed = deepcopy(document)
    assert read_problem(json.dumps(changed))
    edit(changed)
    with pytest.raises(DocumentError) as caught:
        read_problem(json.dumps(changed))
    (fault,) = caught.value.faults
    assert fault.pointer == pointer
    assert reason in fault.reason
    assert fault.remedy
