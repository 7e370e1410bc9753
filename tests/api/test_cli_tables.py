"""Tables: units read off column names, quantities, gaps."""

import pytest
from rich.console import Console
from rich.table import Table

from api.cli_fleet import choices_table
from api.cli_tables import (
    breakdown_tables,
    cell,
    exact,
    heading,
    objective_in_words,
    percent,
    totals_line,
    violations_table,
)
from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Breakdown, Violation
from problem_instances import best_known, load
from tests.small import two_devices


def _text(table: Table) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("compute_ns", ("compute", "ns")),
        ("memory_limit_bytes", ("memory limit", "bytes")),
        ("loss_ppm", ("loss", "ppm")),
        ("rate_bit_per_s", ("rate", "bit_per_s")),
        ("first_layer", ("first layer", None)),
        ("columns", ("columns", None)),
    ],
)
def test_headings(column: str, expected: tuple[str, str | None]) -> None:
    """A column's unit is the end of its name, and only a whole word at its end."""
    assert heading(column) == expected


def test_cells() -> None:
    """Numbers carry the unit of their column; text and plain numbers stand as they are."""
    assert cell(1_500_000, "ns") == "1.50 ms"
    assert cell(1234, None) == "1,234"
    assert cell("nx", None) == "nx"


def test_breakdowns_of_any_kind() -> None:
    """Rows and totals need nothing but their columns' names."""
    rows: tuple[dict[str, str | int], ...] = ({"expert": "e1", "load_ppm": 125_000, "hits": 3},)
    breakdown = Breakdown(rows=rows, totals={"energy_bytes": 2**30, "loss_ppm": 10_000})
    (table,) = breakdown_tables(breakdown)
    text = _text(table)
    assert [word in text for word in ("expert", "load", "12.50 %", "e1")] == [True] * 4
    assert totals_line(breakdown) == "energy 1.00 GiB, loss 1.00 %"


def test_no_rows() -> None:
    """A breakdown without rows is no table, not an error."""
    assert breakdown_tables(Breakdown()) == []


def test_rows_with_other_columns_have_a_table_of_their_own() -> None:
    """Uplinks and servers of a fleet are not mixed, in whatever order they come."""
    up: dict[str, str | int] = {"uplink": "cell", "used_bit_per_s": 2000}
    on: dict[str, str | int] = {"server": "edge", "used_ppm": 10_000}
    first, second = breakdown_tables(Breakdown(rows=(up, on, up, on)))
    assert [first.row_count, second.row_count] == [2, 2]
    assert "2.00 kbit/s" in _text(first)
    assert "server" in _text(second)


def test_a_fleet_says_what_its_streams_do() -> None:
    """Streams are counted per window and option, with the servers they are on."""
    problem, best = load("crossing-4"), best_known("crossing-4").plan
    assert isinstance(problem, SplitFleetProblem)
    assert isinstance(best, SplitFleetPlan)
    text = _text(choices_table(problem, best))
    assert "entropic-student-3.64" in text
    assert "edge 3, old-edge 1" in text


@pytest.mark.parametrize(
    ("gap", "expected"),
    [(0.0, "0.00 %"), (0.000001, "< 0.01 %"), (0.0001, "0.01 %"), (0.3333, "33.33 %")],
)
def test_gaps(gap: float, expected: str) -> None:
    """A gap that is not 0 never looks like 0."""
    assert percent(gap) == expected


def test_exact_quantities() -> None:
    """A rounded quantity has the integer beside it; one that is not rounded stands alone."""
    assert exact(23_456_789, "ns") == "23.46 ms (23,456,789 ns)"
    assert exact(7, "ns") == "7 ns"


def test_objectives_in_words() -> None:
    """The makespan says of how many units."""
    assert objective_in_words(two_devices()) == "latency"
    assert objective_in_words(two_devices(objective="makespan", units=3)) == "makespan of 3 units"


def test_violations() -> None:
    """An excess is told in its unit, and left out where none is measured."""
    rows = [
        Violation(rule="memory", where="nx", excess=2**20, unit="bytes"),
        Violation(rule="no-stages", where="stages"),
    ]
    text = _text(violations_table(rows))
    assert "1.00 MiB" in text
    assert "None" not in text
