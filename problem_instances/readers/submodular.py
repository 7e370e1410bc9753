"""Public facility-location and coverage instances as expert selections.

Items are experts on one device, clients or elements are clusters, the knapsack is the worst-case
energy budget. Format: {"family", "values", "weights", "capacity"}; matrices from
Chhokmah0/submodKC (ECAI 2025). They are read where the user keeps them, and not shipped.
"""

from fractions import Fraction
from typing import Any, NoReturn

from models.documents import MAX_FILE_BYTES, parse, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION

# Weights have up to 17 digits; rounded at the twelfth, no sum crosses a capacity.
_WEIGHT_SCALE = 10**12
_VALUE_SCALE = 1_000
_LOCATION, _COVERAGE = "loc", "cov"


def read(text: str | bytes, name: str) -> ExpertSelectionProblem:
    """The instance in a text as a problem; weights in 10⁻¹² units stand as µJ.

    Raises DocumentError.
    """
    data = parse(text, MAX_FILE_BYTES)
    if not isinstance(data, dict):
        _refuse("", data, "the document is not an object")
    quality, weights = _values(data)
    costs = _numbers("/weights", data.get("weights"))
    if len(costs) != len(quality):
        _refuse("/weights", len(costs), f"not one weight for each of {len(quality)} items")
    (capacity,) = _numbers("/capacity", [data.get("capacity")])
    document = {
        "about": f"{name}, read from a public instance",
        "device_graph": {"devices": [{"name": "server", "memory_bytes": 0}]},
        "source_device": "server",
        "experts": [
            {
                "name": f"item-{index}",
                "device": "server",
                "request_energy_uj": _scaled(cost),
                "quality_ppm": row,
            }
            for index, (cost, row) in enumerate(zip(costs, quality, strict=True))
        ],
        "clusters": [
            {"name": f"client-{index}", "category": "any", "weight": max(weight, 1)}
            for index, weight in enumerate(weights)
        ],
        "quality_model": "best_expert",
        "energy_limit_uj": _scaled(capacity),
    }
    return validate(document, ExpertSelectionProblem)


def shortfall(problem: ExpertSelectionProblem, family: str, value: float) -> int:
    """An instance's own objective as a shortfall in ppm, to within the digits it is given in."""
    scale = 1 if family == _LOCATION else _VALUE_SCALE
    return MILLION - round(Fraction(value) * scale * MILLION / problem.total_weight)


def _values(data: dict[str, Any]) -> tuple[list[list[int]], list[int]]:
    """Quality in ppm [item][cluster], and the clusters' weights."""
    family, values = data.get("family"), data.get("values")
    if family == _LOCATION:
        rows = [_numbers(f"/values/{i}", row) for i, row in enumerate(_list("/values", values))]
        for index, row in enumerate(rows):
            if len(row) != len(rows[0]) or max(row) > 1:
                _refuse(f"/values/{index}", row, "not as many numbers from 0 to 1 as in the first")
        return [[round(value * MILLION) for value in row] for row in rows], [1] * len(rows[0])
    if family != _COVERAGE:
        _refuse("/family", family, f"not '{_LOCATION}' or '{_COVERAGE}'")
    if not isinstance(values, dict):
        _refuse("/values", values, "not an object")
    elements = _numbers("/values/element_weights", values.get("element_weights"))
    covers = [
        _cover(f"/values/covers/{i}", row, len(elements))
        for i, row in enumerate(_list("/values/covers", values.get("covers")))
    ]
    quality = [[MILLION * (e in cover) for e in range(len(elements))] for cover in covers]
    return quality, [round(weight * _VALUE_SCALE) for weight in elements]


def _cover(pointer: str, value: object, elements: int) -> set[int]:
    """The elements of an item, by index; an item may cover none."""
    rows = value if isinstance(value, list) else _refuse(pointer, value, "not a list")
    for row in rows:
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < elements:
            _refuse(pointer, row, f"not the index of one of {elements} elements")
    return set(rows)


def _numbers(pointer: str, values: object) -> list[float]:
    found = _list(pointer, values)
    for value in found:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            _refuse(pointer, value, "not a number of 0 or more")
    return found


def _list(pointer: str, value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        _refuse(pointer, value, "not a list with entries")
    return value


def _scaled(number: float) -> int:
    return round(Fraction(number) * _WEIGHT_SCALE)


def _refuse(pointer: str, value: object, reason: str) -> NoReturn:
    remedy = 'write {"family": "loc" or "cov", "values", "weights", "capacity"}'
    raise DocumentError((FieldError(pointer, shorten(value), reason, remedy),))
