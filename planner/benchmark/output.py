"""Everything that is written of a run: table, report, summary, and what goes into documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from planner.benchmark import kind_pages, ledger, session, summary, tidy
from planner.benchmark.analysis import sections
from planner.benchmark.page import page

# The marks in README between which the table of gaps stands.
_GAPS = "bench: gaps"


@dataclass(frozen=True)
class Outputs:
    """Documents beside the run's own folder.

    README's table, an entry of the ledger, the folder of the pages of kinds; a note for both.
    """

    readme: Path | None = None
    ledger: Path | None = None
    note: str = ""
    pages: Path | None = None


def check(outputs: Outputs, kinds: Iterable[str]) -> None:
    """Raises ValueError where a document has no marks, OSError where it cannot be read."""
    if outputs.readme is not None:
        summary.renew(outputs.readme.read_text(encoding="utf-8"), _GAPS, "")
    if outputs.ledger is not None:
        ledger.add(outputs.ledger.read_text(encoding="utf-8"), "")
    if outputs.pages is not None:
        for kind in kinds:
            kind_pages.renewed(outputs.pages, kind, "")


def write(folder: Path, outputs: Outputs) -> list[Path]:
    """Write all of it; the files written. Raises ValueError where a document has no marks."""
    header, rows = session.header(folder), session.records(folder)
    found = sections(rows, header.settings.time_limit_ns)
    texts = {
        folder / "report.html": page(header, found),
        folder / "summary.md": summary.summary(header, found),
    }
    if outputs.readme is not None:
        text = outputs.readme.read_text(encoding="utf-8")
        table = summary.gaps(header, found, summary.between(text, _GAPS))
        texts[outputs.readme] = summary.renew(text, _GAPS, table)
    if outputs.ledger is not None:
        text = outputs.ledger.read_text(encoding="utf-8")
        texts[outputs.ledger] = ledger.add(text, ledger.of_run(header, found, outputs.note))
    if outputs.pages is not None:
        for section in found:
            block = kind_pages.block(header, section, rows, outputs.note)
            path, text = kind_pages.renewed(outputs.pages, section.kind, block)
            texts[path] = text
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return [*tidy.write(folder, rows), *texts]
