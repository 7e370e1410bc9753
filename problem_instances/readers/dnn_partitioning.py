"""Reader of msr-fiddle/dnn-partitioning's JSON (Tarnawski et al., NeurIPS 2020) as DAG partitions.

Times in the files are floats of ms; here they become ns, rounded half up once, so that a load of
some hundred terms is off by at most some hundred half-ns. What the format leaves open is read as
its authors' code does: ids come in any order; a node without `colorClass` is alone in its own; a
missing `size` is 0; the cost of an edge belongs to the producer, so that edges of one producer
with different costs are an error.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

from models.documents import parse, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems.dag_partition import DagPartitionProblem
from models.units import round_half_up

_NS_PER_MS = 10**6
_ABOUT = (
    "Read from a dnn-partitioning file (Tarnawski et al., NeurIPS 2020): its times in ms as ns, "
    "rounded half up; operators are named by their ids."
)

Row = Mapping[str, object]


def read(text: str | bytes, *, contiguous: bool = True) -> DagPartitionProblem:
    """The problem in a file of that format. Raises DocumentError."""
    found = parse(text)
    if not isinstance(found, dict):
        _refuse("", found, "the document is not an object")
    edges = [_row(f"/edges/{i}", edge) for i, edge in enumerate(_rows(found, "edges"))]
    costs = _costs(edges)
    operators = [
        _operator(f"/nodes/{i}", _row(f"/nodes/{i}", node), costs)
        for i, node in enumerate(_rows(found, "nodes"))
    ]
    names = {operator["name"] for operator in operators}
    document = {
        "about": _ABOUT,
        "operators": operators,
        "edges": [_ends(f"/edges/{i}", edge, names) for i, edge in enumerate(edges)],
        "accelerators": _whole("", found, "maxFPGAs"),
        "cpus": _whole("", found, "maxCPUs"),
        "accelerator_memory_bytes": _whole("", found, "maxSizePerFPGA"),
        "contiguous": contiguous,
    }
    return validate(document, DagPartitionProblem)


def _operator(pointer: str, node: Row, costs: Mapping[str, Fraction]) -> dict[str, object]:
    name = _name(pointer, node, "id")
    operator: dict[str, object] = {
        "name": name,
        "cpu_ns": _ns(_number(pointer, node, "cpuLatency")),
        "size_bytes": _whole(pointer, node, "size") if "size" in node else 0,
        "transfer_ns": _ns(costs.get(name, Fraction(0))),
        "backward": bool(_number(pointer, node, "isBackwardNode")),
    }
    if _number(pointer, node, "supportedOnFpga"):
        operator["accelerator_ns"] = _ns(_number(pointer, node, "fpgaLatency"))
    if "colorClass" in node:
        operator["colocation"] = f"class-{_whole(pointer, node, 'colorClass')}"
    return operator


def _ends(pointer: str, edge: Row, names: set[object]) -> tuple[str, str]:
    for key in ("sourceId", "destId"):
        if _name(pointer, edge, key) not in names:
            _refuse(f"{pointer}/{key}", edge[key], "there is no node of that id")
    return _name(pointer, edge, "sourceId"), _name(pointer, edge, "destId")


def _costs(edges: list[Row]) -> dict[str, Fraction]:
    """The cost of each producer. Raises DocumentError where its edges differ by over 1e-6."""
    found: dict[str, Fraction] = {}
    for index, edge in enumerate(edges):
        pointer = f"/edges/{index}"
        source, cost = _name(pointer, edge, "sourceId"), _number(pointer, edge, "cost")
        if abs(found.setdefault(source, cost) - cost) > Fraction(1, 10**6):
            _refuse(f"{pointer}/cost", float(cost), f"node {source} has another cost elsewhere")
    return found


def _rows(found: Row, key: str) -> list[object]:
    rows = found.get(key)
    if not isinstance(rows, list):
        _refuse(f"/{key}", rows, "not a list")
    return rows


def _row(pointer: str, value: object) -> Row:
    if not isinstance(value, dict):
        _refuse(pointer, value, "not an object")
    return value


def _number(pointer: str, row: Row, key: str) -> Fraction:
    value = row.get(key)
    if not isinstance(value, int | float) or value < 0:
        _refuse(f"{pointer}/{key}", value, "not a number of 0 or more")
    # The shortest decimal of a float is what stood in the file.
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(int(value))


def _whole(pointer: str, row: Row, key: str) -> int:
    return round_half_up(_number(pointer, row, key))


def _name(pointer: str, row: Row, key: str) -> str:
    return str(_whole(pointer, row, key))


def _ns(milliseconds: Fraction) -> int:
    return round_half_up(milliseconds * _NS_PER_MS)


def _refuse(pointer: str, value: object, reason: str) -> NoReturn:
    remedy = "see the format in the README of msr-fiddle/dnn-partitioning"
    raise DocumentError((FieldError(pointer, shorten(value), reason, remedy),))
