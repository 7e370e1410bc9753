"""`python -m planner.benchmark.jupiter`: Jupiter's table, predicted and published.

Seconds for 260 prompt and 64 new tokens of Llama-2 in INT4 on environments A (4 x Xavier NX) and B
(Xavier NX, 2 x TX2, Nano), links of 100 to 1000 Mbit/s (Ye et al., 2025, arXiv 2504.08242): 66
cells with a number and six that say out of memory. Seven scalars are calibrated, each on one cell
(FITTED); the other cells are predicted.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median

from planner.benchmark.jupiter_calibration import Calibration
from planner.benchmark.jupiter_systems import RATES, Case, predict
from planner.benchmark.table import Cell, Table

# Seconds at 100, 500, 1000 Mbit/s; None where the paper says out of memory.
PUBLISHED: dict[Case, dict[str, tuple[float, ...] | None]] = {
    ("a", "7b"): {
        "SP": (53.5, 37.4, 35.4),
        "Megatron": (431.2, 106.9, 66.4),
        "DeTransformer": (228.5, 66.4, 46.1),
        "Galaxy": (427.6, 103.9, 65.0),
        "EdgeShard": (42.2, 39.0, 38.6),
        "Jupiter": (16.5, 15.2, 14.9),
    },
    ("a", "13b"): {
        "SP": None,
        "Megatron": (503.4, 130.1, 83.4),
        "DeTransformer": (270.1, 83.4, 60.1),
        "Galaxy": (496.5, 125.0, 81.3),
        "EdgeShard": (66.2, 63.4, 63.1),
        "Jupiter": (26.3, 25.2, 24.9),
    },
    ("b", "7b"): {
        "SP": (63.1, 47.0, 44.8),
        "Megatron": (491.2, 167.0, 126.4),
        "DeTransformer": (288.6, 126.4, 106.2),
        "Galaxy": (458.3, 142.9, 104.9),
        "EdgeShard": (59.3, 56.1, 55.7),
        "Jupiter": (22.4, 21.4, 20.9),
    },
    ("b", "13b"): {
        "SP": None,
        "Megatron": (624.5, 251.2, 204.5),
        "DeTransformer": (391.2, 204.5, 181.2),
        "Galaxy": (566.4, 208.0, 165.7),
        "EdgeShard": (102.4, 99.7, 98.3),
        "Jupiter": (38.8, 37.3, 36.8),
    },
}
CASES = tuple(PUBLISHED)
SYSTEMS = tuple(PUBLISHED["a", "7b"])
# A cell: environment and model, Mbit/s, system.
Place = tuple[Case, int, str]
# Each scalar and the one cell that it is fitted on.
FITTED: dict[str, Place] = {
    "prompt_token_us": (("a", "7b"), 1000, "SP"),
    "pass_us": (("a", "7b"), 1000, "EdgeShard"),
    "undivided_ppm": (("a", "7b"), 1000, "Megatron"),
    "message_bytes": (("a", "7b"), 100, "Megatron"),
    "nano_permille": (("b", "7b"), 1000, "Megatron"),
    "tx2_permille": (("b", "7b"), 1000, "EdgeShard"),
    "points": (("a", "7b"), 1000, "Jupiter"),
}
_SCALARS = {
    "prompt_token_us": "µs per prompt token, 7B on an NX",
    "pass_us": "µs per decoding pass, 7B on an NX",
    "undivided_ppm": "ppm of it that every device of a group repeats",
    "message_bytes": "fixed bytes per message",
    "nano_permille": "Nano over NX, permille",
    "tx2_permille": "TX2 over NX, permille",
    "points": "points of an outline at once",
}


def published_ns(place: Place) -> int | None:
    """What the paper says, None where that is out of memory."""
    case, rate, system = place
    column = PUBLISHED[case][system]
    return None if column is None else round(column[RATES.index(rate)] * 1000) * 10**6


def predictions(calibration: Calibration) -> dict[Place, int | None]:
    """All 72 cells, ns."""
    places = ((case, rate, system) for case in CASES for rate in RATES for system in SYSTEMS)
    return {place: predict(calibration, *place) for place in places}


def errors(found: dict[Place, int | None]) -> dict[Place, int]:
    """Ppm by which predictions are above what is published, where both are numbers."""
    result = {}
    for place, value in found.items():
        paper = published_ns(place)
        if paper is not None and value is not None:
            result[place] = round((value - paper) * 10**6 / paper)
    return result


def swapped(found: dict[Place, int | None], case: Case, rate: int) -> list[tuple[str, str]]:
    """Neighbours in the published order that stand the other way round in the predicted one."""
    known = [(published_ns((case, rate, s)), found[case, rate, s], s) for s in SYSTEMS]
    order = sorted((p, f, s) for p, f, s in known if p is not None and f is not None)
    return [(a[2], b[2]) for a, b in pairwise(order) if a[1] > b[1]]


def tables(calibration: Calibration | None = None) -> Iterator[Table]:
    """The scalars, the cells with their residuals, the orders, and a summary per system."""
    used = Calibration() if calibration is None else calibration
    found = predictions(used)
    yield _scalars(used)
    yield _cells(found)
    yield _orders(found)
    yield summary(found, FITTED.values())


def _told(place: Place) -> str:
    (environment, model), rate, system = place
    return f"{system}, {model.upper()}, {environment.upper()} at {rate} Mbit/s"


def _scalars(calibration: Calibration) -> Table:
    table = Table("jupiter scalars", "What is calibrated, and the cell that it is fitted on.")
    for field, place in FITTED.items():
        value = f"{getattr(calibration, field):,}"
        table.add({"scalar": _SCALARS[field], "value": value, "fitted on": _told(place)})
    return table


def _cells(found: dict[Place, int | None]) -> Table:
    table = Table("jupiter cells", "Seconds published | predicted, error; * fitted on this cell.")
    error = errors(found)
    for case in CASES:
        for system in SYSTEMS:
            row: dict[str, Cell] = {
                "environment": case[0].upper(),
                "model": case[1].upper(),
                "system": system,
            }
            for rate in RATES:
                place = (case, rate, system)
                row[f"{rate} Mbit/s"] = _cell(place, found[place], error.get(place))
            table.add(row)
    return table


def _cell(place: Place, value: int | None, error: int | None) -> str:
    paper = published_ns(place)
    words = " | ".join("out of memory" if v is None else f"{v / 10**9:.1f}" for v in (paper, value))
    words = words.replace("|", "\\|")
    if error is None:
        return words
    return f"{words}, {error / 10**4:+.1f} %{'*' if place in FITTED.values() else ''}"


def _orders(found: dict[Place, int | None]) -> Table:
    table = Table("jupiter orders", "Systems from fast to slow as published; what changes places.")
    for case in CASES:
        for rate in RATES:
            paper = [(published_ns((case, rate, s)), s) for s in SYSTEMS]
            order = [s for p, s in sorted((p, s) for p, s in paper if p is not None)]
            wrong = ", ".join(f"{a} and {b}" for a, b in swapped(found, case, rate))
            where = f"{case[0].upper()} {rate} Mbit/s"
            row = {"environment": where, "model": case[1].upper(), "published": " < ".join(order)}
            table.add(row | {"swapped": wrong or "none"})
    return table


def summary(found: dict[Place, int | None], fitted: Iterable[Place]) -> Table:
    """Absolute errors of predicted cells, per system and over all."""
    table = Table("jupiter summary", "Absolute error over the cells that nothing is fitted on.")
    sizes: dict[str, list[int]] = {system: [] for system in SYSTEMS}
    for place, error in errors(found).items():
        if place not in tuple(fitted):
            sizes[place[2]].append(abs(error))
    sizes["all"] = [size for column in sizes.values() for size in column]
    for system, column in sizes.items():
        row: dict[str, Cell] = {"system": system, "cells": len(column)}
        table.add(row | {"median_ppm": round(median(column)), "worst_ppm": max(column)})
    return table


def main() -> None:
    """All tables to the terminal."""
    for table in tables():
        sys.stdout.write(table.to_markdown() + "\n")


if __name__ == "__main__":
    main()
