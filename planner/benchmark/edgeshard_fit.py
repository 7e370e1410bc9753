"""Other ways to predict EdgeShard's figures, each scalar beside the first fitted on one cell."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from planner.benchmark.edgeshard_calibration import Calibration
from planner.benchmark.reproduction_edgeshard import (
    BEST,
    EDGESHARD,
    LATENCY,
    SAVED_13B,
    SOLO,
    THROUGHPUT,
    error_ppm,
    latency_ms,
    saved_percent,
    tokens_per_s,
)
from planner.benchmark.table import Cell, Table

Predict = Callable[[Calibration], float | None]
# Column -> published, predicted.
CELLS: dict[str, tuple[str, Predict]] = {
    "7B ms": (LATENCY["7b", EDGESHARD], lambda used: latency_ms(used, "7b", EDGESHARD)),
    "70B ms": (LATENCY["70b", EDGESHARD], lambda used: latency_ms(used, "70b", EDGESHARD)),
    "13B saved, %": (SAVED_13B[0], lambda used: saved_percent(used, BEST)),
    "7B solo tokens/s": (THROUGHPUT["7b", SOLO], lambda used: tokens_per_s(used, "7b", SOLO)),
    "7B tokens/s": (THROUGHPUT["7b", EDGESHARD], lambda used: tokens_per_s(used, "7b", EDGESHARD)),
}


@dataclass(frozen=True)
class Choice:
    """A calibration; `scalar` of it fitted between `low` and `high` on the column `cell`."""

    about: str
    start: Calibration
    scalar: str = ""
    cell: str = ""
    low: int = 0
    high: int = 0


_NUMBER = Calibration(server_kbit_per_s=1000, returned_bytes=4)
CHOICES = (
    Choice(
        "datasheets for the profile, a word's number back, 1 Mbit/s to the server",
        replace(_NUMBER, profiled=False, message_us=1000),
    ),
    Choice("the profile, a word's number back, 1 Mbit/s to the server", _NUMBER),
    Choice("the same, time per message fitted", _NUMBER, "message_us", "7B ms", 0, 50_000),
    Choice("the one above", Calibration()),
    Choice(
        "the one above, rate of links fitted",
        *(Calibration(), "link_kbit_per_s", "7B ms", 10_000, 100_000),
    ),
    Choice(
        "the one above, rate to the server fitted",
        *(Calibration(), "server_kbit_per_s", "13B saved, %", 5000, 20_000),
    ),
    Choice(
        "the one above, time per message fitted",
        *(Calibration(), "message_us", "70B ms", 0, 500_000),
    ),
    Choice("the one above, 70B twice as long per weight", Calibration(percent_70b=200)),
)


def fit(choice: Choice) -> Calibration:
    """The calibration whose cell is met, by bisection; where nothing is fitted, as it starts."""
    if not choice.scalar:
        return choice.start
    paper, predict = CELLS[choice.cell]

    def with_value(value: int) -> Calibration:
        fitted: dict[str, Any] = {choice.scalar: value}
        return replace(choice.start, **fitted)

    def above(value: int) -> bool:
        found = predict(with_value(value))
        return found is not None and found > float(paper)

    low, high = choice.low, choice.high
    rising = above(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if above(middle) == rising else (middle, high)
    return with_value(high)


def trade_off() -> Table:
    """Every choice with its errors."""
    table = Table("edgeshard choices", "Predicted, error; * fitted on this cell.")
    for choice in CHOICES:
        used = fit(choice)
        row: dict[str, Cell] = {"which": choice.about, "scalars": 2 if choice.scalar else 1}
        for column, (paper, predict) in CELLS.items():
            star = "*" if column == choice.cell else ""
            row[column] = _cell(predict(used), paper) + star
        value = getattr(used, choice.scalar) if choice.scalar else None
        row["fitted"] = None if value is None else f"{choice.scalar} {value:,}"
        table.add(row)
    return table


def _cell(value: float | None, paper: str) -> str:
    off = error_ppm(value, paper)
    return "–" if value is None or off is None else f"{value:.1f}, {off / 10**4:+.1f} %"
