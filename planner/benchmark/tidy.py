"""One tidy table of a run, a row per record: CSV, and Parquet where pyarrow is installed."""

import csv
import io
import json
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from planner.benchmark.record import COLUMNS, Record

_TEXT = {
    "kind", "source", "family", "instance", "size_unit", "digest", "unit", "method",
    "method_family", "reason", "verdict", "detail", "trace",
}  # fmt: skip
_FLAGS = {"exact", "deterministic", "measured", "proved"}


def write(folder: Path, rows: list[Record]) -> list[Path]:
    """`results.csv` and, where the extra `bench` is installed, `results.parquet`."""
    made = [folder / "results.csv"]
    made[0].write_text(to_csv(rows), encoding="utf-8")
    if find_spec("pyarrow") is not None:
        made.append(folder / "results.parquet")
        _write_parquet(made[1], rows)
    return made


def to_csv(rows: list[Record]) -> str:
    """The table as CSV; what was not established is an empty cell, the trace a list in JSON."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_flat, rows))
    return text.getvalue()


def _flat(row: Record) -> dict[str, Any]:
    return asdict(row) | {"trace": json.dumps(row.trace)}


def _write_parquet(path: Path, rows: list[Record]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    kinds = {
        name: pa.string() if name in _TEXT else pa.bool_() if name in _FLAGS else pa.int64()
        for name in COLUMNS
    }
    flat = [_flat(row) for row in rows]
    columns = {
        name: pa.array([row[name] for row in flat], type=kind) for name, kind in kinds.items()
    }
    parquet.write_table(pa.table(columns), path, compression="zstd")
