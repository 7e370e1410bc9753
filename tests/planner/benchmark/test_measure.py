"""The benchmark measures single methods in children of their own and writes plain tables."""

import csv
import json
from pathlib import Path

import pytest

from models.result import Limits, Reason
from planner.benchmark.measure import measure
from planner.benchmark.table import Table
from solvers.registry import entries
from tests import misbehaving
from tests.small import two_devices

_LIMITS = Limits(time_limit_ns=20 * 10**9)


def test_a_solve_is_measured() -> None:
    """The outcome is the verified one; a Python process with numpy takes megabytes."""
    run = measure(two_devices(), entries("pipeline_partition")[0], _LIMITS)
    assert run.outcome.objective == run.outcome.lower_bound == 515
    assert run.proved
    assert run.outcome.wall_ns > 0
    assert run.peak_bytes is not None
    assert 10**7 < run.peak_bytes < 10**10


def test_a_lost_child_is_an_outcome_without_figures() -> None:
    """A method that is killed does not stop the benchmark, and proves nothing."""
    run = measure(two_devices(), misbehaving.entry("Killed"), _LIMITS)
    assert run.outcome.claim.reason is Reason.FAILED
    assert not run.proved
    assert run.peak_bytes is None
    assert run.outcome.objective is None


def test_tables_show_units_and_keep_integers(tmp_path: Path) -> None:
    """Markdown has quantities for people, JSON and CSV have the integers of the columns' units."""
    table = Table("two rows", "About.")
    table.add({"method": "dp", "time_ns": 1_500_000, "peak_bytes": 2**20, "plans": 1200})
    table.add({"method": "milp", "time_ns": None, "peak_bytes": None, "plans": 0})
    lines = table.to_markdown().splitlines()
    assert lines[:2] == ["## two rows", ""]
    assert "| method | time | peak | plans |" in lines
    assert "| dp | 1.50 ms | 1.00 MiB | 1,200 |" in lines
    assert "| milp | – | – | 0 |" in lines
    table.write(tmp_path / "out")
    content = json.loads((tmp_path / "out" / "two-rows.json").read_text(encoding="utf-8"))
    assert content["rows"] == table.rows
    with (tmp_path / "out" / "two-rows.csv").open(encoding="utf-8") as file:
        assert [row["time_ns"] for row in csv.DictReader(file)] == ["1500000", ""]


def test_rows_have_equal_columns() -> None:
    """A row with other columns is refused."""
    table = Table("one", "About.")
    table.add({"a": 1})
    with pytest.raises(ValueError, match="columns"):
        table.add({"b": 1})
