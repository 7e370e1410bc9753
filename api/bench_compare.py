"""edgeplan bench --compare A B: what got worse from one run to another."""

from pathlib import Path

import typer
from rich import box
from rich.table import Table

from api import cli_output
from api.cli_status import Status
from planner.benchmark import ledger, session
from planner.benchmark.compare import ALPHA, Comparison, Finding, compare
from planner.benchmark.record import RecordsError
from planner.benchmark.session import SessionError


def tell(before: Path, after: Path, into: Path | None, note: str) -> Status:
    """Say the regressions of run `after` against run `before`; status 1 where there are any."""
    try:
        a, b = session.header(before), session.header(after)
        found = compare(session.records(before), session.records(after))
    except (OSError, SessionError, RecordsError) as error:
        raise typer.BadParameter(f"no run to compare: {error}", param_hint="--compare") from None
    if not found.findings:
        raise typer.BadParameter("the runs have no problem in common", param_hint="--compare")
    console = cli_output.answers()
    console.print(
        f"{len(found.findings)} tests, adjusted together (Holm, {ALPHA:g}); "
        f"the machine of B took {found.machine_factor:.2f} times as long"
    )
    if found.only_one:
        console.print(f"{found.only_one} runs of a method are in one of both only")
    if a.settings.time_limit_ns != b.settings.time_limit_ns:
        console.print("the time limits differ: what they cut short is compared all the same")
    if a.settings.server != b.settings.server:
        console.print("one run is a service's: there is no time to compare")
    for words in found.failures:
        console.print(f"failed in B only: {words}")
    console.print(_table(found.regressions) if found.regressions else "no regression")
    if into is not None:
        entry = ledger.of_comparison(a, b, found, note)
        text = ledger.add(into.read_text(encoding="utf-8"), entry)
        cli_output.write(into, text.encode())
    return _status(found)


def _status(found: Comparison) -> Status:
    return Status.REFUSED if found.regressions else Status.DONE


def _table(found: tuple[Finding, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("kind", "method", "regression in", "what", "problems", "p"):
        table.add_column(column, justify="right" if column in ("problems", "p") else "left")
    for item in found:
        p_value = "certain" if item.p == 0 else f"{item.p:.2g}"
        table.add_row(item.kind, item.method, item.respect, item.detail, str(item.pairs), p_value)
    return table
