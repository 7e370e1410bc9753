"""The block of results in a kind's page of the documentation, FOLDER/KIND.md."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from planner.benchmark import tables
from planner.benchmark.analysis import Section
from planner.benchmark.record import Record
from planner.benchmark.session import Header
from planner.benchmark.summary import about, renew

_MARK = "bench: results"


def renewed(folder: Path, kind: str, content: str) -> tuple[Path, str]:
    """A kind's page and its text with that block. Raises OSError, ValueError without marks."""
    path = folder / f"{kind}.md"
    try:
        return path, renew(path.read_text(encoding="utf-8"), _MARK, content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def block(header: Header, section: Section, rows: Iterable[Record], note: str) -> str:
    """How far heuristics are from the optimum, how long proofs take, and of what run that is.

    rows: of the kind, among others; note: what else there is to say of the run, or empty.
    """
    own = [row for row in rows if row.kind == section.kind and row.measured]
    none = len({row.case for row in own if row.proved and row.reason == "infeasible"})
    proved = f"{section.proved} of {section.problems} optima proved"
    parts = [f"{_problems(own)}: {proved}{f', {none} proved to have no plan' if none else ''}."]
    if section.heuristics:
        parts.append(tables.heuristics(section.heuristics).to_markdown())
    if section.exact:
        parts.append(tables.exact(section).to_markdown())
    return "\n\n".join((*parts, f"{about(header)}. {note}".rstrip()))


def _problems(rows: Iterable[Record]) -> str:
    """How many problems of which families and sizes there are."""
    found: dict[tuple[str, str, str], dict[tuple[str, str], Record]] = defaultdict(dict)
    for row in rows:
        family = row.family if row.source == "generated" else ""
        found[row.source, family, row.size_unit if family else ""][row.case] = row
    return ", ".join(
        f"{len(cases)} " + (f"'{family}'{_sizes(cases.values(), unit)}" if family else source)
        for (source, family, unit), cases in sorted(found.items())
    )


def _sizes(rows: Iterable[Record], unit: str) -> str:
    sizes = sorted({row.size for row in rows if row.size is not None})
    if not sizes or not unit:
        return ""
    last = f" to {sizes[-1]:,}" if len(sizes) > 1 else ""
    return f" ({sizes[0]:,}{last} {unit})"
