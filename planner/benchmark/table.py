"""Rows of figures as Markdown for people, JSON and CSV for programs."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.units import format_quantity

Cell = str | int | None
_UNITS = ("ns", "bytes", "ppm")


@dataclass(frozen=True)
class Table:
    """Rows with equal columns; the name of a column ends in the unit of its integers.

    None stands for a figure that was not established.
    """

    name: str
    about: str
    rows: list[dict[str, Cell]] = field(default_factory=list)

    def add(self, row: Mapping[str, Cell]) -> None:
        """One more row. Raises ValueError when its columns are not those of the others."""
        if self.rows and list(row) != list(self.rows[0]):
            raise ValueError(f"columns {list(row)} in a table of {list(self.rows[0])}")
        self.rows.append(dict(row))

    def to_markdown(self) -> str:
        """Heading, a line about the table, and the rows in units for people."""
        columns = list(self.rows[0]) if self.rows else []
        lines = [_line(_split(column)[0] for column in columns), _line("---" for _ in columns)]
        lines += [_line(_show(column, row[column]) for column in columns) for row in self.rows]
        return "\n".join([f"## {self.name}", "", self.about, "", *lines, ""])

    def write(self, folder: Path) -> None:
        """`name`.json and `name`.csv in a folder, made when missing."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = self.name.replace(" ", "-")
        content = {"name": self.name, "about": self.about, "rows": self.rows}
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
        with (folder / f"{stem}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]) if self.rows else [])
            writer.writeheader()
            writer.writerows(self.rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _split(column: str) -> tuple[str, str]:
    """(title, unit) of a column; no unit for counts and words."""
    title, _, unit = column.rpartition("_")
    return (title, unit) if unit in _UNITS else (column, "")


def _show(column: str, value: Cell) -> str:
    if value is None:
        return "–"
    return format_quantity(value, _split(column)[1]) if isinstance(value, int) else value
