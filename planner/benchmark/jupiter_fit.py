"""How the scalars of Jupiter's table are fitted, and what more or fewer of them would give.

Each scalar has one cell; Newton's method on the logarithms makes all of them meet. The points of an
outline are whole: the number whose cell is nearest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from planner.benchmark.jupiter import (
    CASES,
    FITTED,
    Place,
    errors,
    predictions,
    published_ns,
    summary,
    swapped,
)
from planner.benchmark.jupiter_calibration import Calibration
from planner.benchmark.jupiter_systems import RATES, predict
from planner.benchmark.table import Table

_STEPS = 5
_NUDGE = 0.03
_13B: Place = (("a", "13b"), 100, "Megatron")
_NANO_WORK: Place = (("b", "7b"), 1000, "SP")
# A pass that reads its weights at the datasheet's 59.7 GB/s: what is left repeats.
_ROOFLINE_PPM = 885_000


@dataclass(frozen=True)
class Choice:
    """A calibration to start from, and the scalars fitted in it with their cells."""

    about: str
    fitted: Mapping[str, Place]
    start: Calibration = field(default_factory=Calibration)


def _without(*names: str) -> dict[str, Place]:
    return {name: place for name, place in FITTED.items() if name not in names}


CHOICES = (
    Choice(
        "one factor for both slow boards; what repeats from the datasheet's memory bandwidth",
        _without("undivided_ppm", "tx2_permille"),
        Calibration(undivided_ppm=_ROOFLINE_PPM, tx2_follows=True),
    ),
    Choice(
        "one factor for both slow boards, Nano by datasheets from TX2",
        _without("tx2_permille"),
        Calibration(tx2_follows=True),
    ),
    Choice("those above", FITTED),
    Choice(
        "those above, what repeats grows with layers alone", FITTED, Calibration(hidden_power=0)
    ),
    Choice("those above, what repeats grows as weights", FITTED, Calibration(hidden_power=2)),
    Choice(
        "Nano's work apart from what it repeats",
        FITTED | {"nano_work_permille": _NANO_WORK},
        Calibration(nano_work_permille=6000),
    ),
    Choice("new tokens of 13B", FITTED | {"new_tokens_13b": _13B}),
    Choice(
        "both of these",
        FITTED | {"nano_work_permille": _NANO_WORK, "new_tokens_13b": _13B},
        Calibration(nano_work_permille=6000),
    ),
)


def fit(choice: Choice) -> Calibration:
    """The calibration whose fitted cells are met, points as they start."""
    pairs = [(name, place) for name, place in choice.fitted.items() if name != "points"]
    values = np.array([float(getattr(choice.start, name)) for name, _ in pairs])

    def at(point: np.ndarray) -> Calibration:
        numbers = {name: round(v) for (name, _), v in zip(pairs, point, strict=True)}
        return replace(choice.start, **numbers)

    def off(point: np.ndarray) -> np.ndarray:
        used = at(point)
        return np.array([_log_error(used, place) for _, place in pairs])

    for _ in range(_STEPS):
        here, slopes = off(values), np.zeros((len(pairs), len(pairs)))
        for column, value in enumerate(values):
            nudged = values.copy()
            nudged[column] = round(value * (1 + _NUDGE))
            slopes[:, column] = (off(nudged) - here) / (nudged[column] - round(value))
        values = values - np.linalg.solve(slopes, here)
    return at(values)


def _log_error(calibration: Calibration, place: Place) -> float:
    found, paper = predict(calibration, *place), published_ns(place)
    if found is None or paper is None:
        raise ValueError(f"{place} has no number to be fitted on")
    return float(np.log(found / paper))


def trade_off() -> Table:
    """Number of scalars against errors and orders, each choice fitted anew."""
    table = Table("jupiter trade-off", "Absolute error over the cells that nothing is fitted on.")
    for choice in CHOICES:
        found = predictions(fit(choice))
        last = summary(found, choice.fitted.values()).rows[-1]
        kept = sum(not swapped(found, case, rate) for case in CASES for rate in RATES)
        table.add(
            {
                "scalars": len(choice.fitted),
                "which": choice.about,
                "cells": last["cells"],
                "median_ppm": last["median_ppm"],
                "worst_ppm": last["worst_ppm"],
                "orders kept of 12": kept,
            }
        )
    return table


def worst_fitted_ppm() -> int:
    """How far the cells of FITTED are missed at most, points left out."""
    found = errors(predictions(Calibration()))
    return max(abs(found[place]) for name, place in FITTED.items() if name != "points")
