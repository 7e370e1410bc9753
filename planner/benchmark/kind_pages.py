"""The block of results in a kind's page of the documentation, FOLDER/KIND.md."""

from pathlib import Path

from planner.benchmark import tables
from planner.benchmark.analysis import Section
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


def block(header: Header, section: Section, note: str) -> str:
    """How far heuristics are from the optimum, how long proofs take, and of what run that is.

    note: what else there is to say of the run, or empty.
    """
    parts = [f"{section.proved} of {section.problems} optima proved."]
    if section.heuristics:
        parts.append(tables.heuristics(section.heuristics).to_markdown())
    if section.exact:
        parts.append(tables.exact(section).to_markdown())
    return "\n\n".join((*parts, f"{about(header)}. {note}".rstrip()))
