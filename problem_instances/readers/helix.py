"""Reader of Helix clusters as JSON (Thesys-lab/Helix-ASPLOS25) as serving problems.

`throughput_by_layers_held[i][k-1]`: tokens/s that pass node i with k of `layers` layers, as
profiled; `links`: [from, to, tokens/s] between nodes by index, "source" and "sink". What else is in
the file is left aside. Floats become millionths of a token per second, rounded half up; node i is
named `node-i`, nodes of equal throughputs are of one type.
"""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NoReturn

from models.documents import parse, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems.serving_flow import ServingFlowProblem
from models.units import round_half_up

_SOURCE, _SINK = "source", "sink"
_ENDS = {_SOURCE: "from_source_utokens_per_s", _SINK: "to_sink_utokens_per_s"}


def read(text: str | bytes, *, partial_inference: bool = True) -> ServingFlowProblem:
    """The problem of one file, with or without partial inference. Raises DocumentError."""
    found = parse(text)
    if not isinstance(found, dict):
        _refuse("", found, "not an object")
    held = _list("/throughput_by_layers_held", found.get("throughput_by_layers_held"))
    rates = [
        tuple(_rate(at, value) for value in _list(at, row))
        for at, row in ((f"/throughput_by_layers_held/{i}", row) for i, row in enumerate(held))
    ]
    types = {row: f"type-{number}" for number, row in enumerate(dict.fromkeys(rates), start=1)}
    nodes: list[dict[str, Any]] = [
        {"name": _name(i), "type": types[row]} for i, row in enumerate(rates)
    ]
    pairs = _links(nodes, _list("/links", found.get("links")))
    document = {
        "about": "Read from a cluster of Helix (Mei et al., ASPLOS 2025), throughputs as profiled.",
        "layers": found.get("layers"),
        "node_types": [{"name": name, "utokens_per_s": row} for row, name in types.items()],
        "nodes": nodes,
        "partial_inference": partial_inference,
        **_joined(pairs, len(nodes)),
    }
    return validate(document, ServingFlowProblem)


def _links(nodes: list[dict[str, Any]], rows: list[Any]) -> dict[tuple[str, str], int]:
    """The rates between nodes; those of the source and the sink go to the nodes themselves."""
    pairs = {}
    named: set[tuple[str, str]] = set()
    for number, row in enumerate(rows):
        at = f"/links/{number}"
        if not isinstance(row, list) or len(row) != 3:
            _refuse(at, row, "not a list of two ends and a rate")
        a, b, rate = row[0], row[1], _rate(at, row[2])
        ends = (str(a), str(b))
        if ends in named:
            _refuse(at, row, "a link given before")
        named.add(ends)
        if a == _SOURCE:
            nodes[_index(at, b, nodes)][_ENDS[_SOURCE]] = rate
        elif b == _SINK:
            nodes[_index(at, a, nodes)][_ENDS[_SINK]] = rate
        else:
            pairs[_name(_index(at, a, nodes)), _name(_index(at, b, nodes))] = rate
    return pairs


def _joined(pairs: Mapping[tuple[str, str], int], nodes: int) -> dict[str, object]:
    """The links of a document; the most common rate is the default where every pair has a link."""
    default = None
    if pairs and len(pairs) == nodes * (nodes - 1):
        default = Counter(pairs.values()).most_common(1)[0][0]
    links = [
        {"source": a, "target": b, "utokens_per_s": rate, "directed": True}
        for (a, b), rate in pairs.items()
        if rate != default
    ]
    return {"links": links, "default_link_utokens_per_s": default}


def _name(index: int) -> str:
    return f"node-{index}"


def _index(pointer: str, value: object, nodes: list[dict[str, Any]]) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(nodes):
        _refuse(pointer, value, "not the index of a node")
    return value


def _rate(pointer: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        _refuse(pointer, value, "not a rate above 0")
    # The shortest decimal of a float is what stood in the file.
    return round_half_up(Fraction(repr(value)) * 10**6)


def _list(pointer: str, value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        _refuse(pointer, value, "not a list with entries")
    return value


def _refuse(pointer: str, value: object, reason: str) -> NoReturn:
    remedy = 'write "layers", "throughput_by_layers_held" and "links" as [from, to, tokens/s]'
    raise DocumentError((FieldError(pointer, shorten(value), reason, remedy),))
