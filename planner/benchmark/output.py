"""Everything that is written of a run: table, report, summary, and what goes into documents."""

from dataclasses import dataclass
from pathlib import Path

from planner.benchmark import session, tidy


@dataclass(frozen=True)
class Outputs:
    """Documents beside the run's own folder: README's tables, an entry of the ledger, its note."""

    readme: Path | None = None
    ledger: Path | None = None
    note: str = ""


def write(folder: Path, outputs: Outputs) -> list[str]:
    """Write all of it; what was written, in words."""
    rows = session.records(folder)
    return [f"wrote {path}" for path in tidy.write(folder, rows)]
