"""edgeplan cache: pins and caches replayed on a routing table, at several sizes."""

from pathlib import Path

import typer
from pydantic import ValidationError
from rich import box
from rich.table import Table

from api import cli_output
from api.cli_interrupt import interruptible
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests_experts import CacheRequest
from models.documents import field_errors
from models.expert_cache import CacheSize, ChosenCache, ExpertCache
from models.result import Limits
from models.units import format_quantity
from planner.worker import ChildLostError
from problem_instances.readers.routing import Routing


def requested(
    table: Routing, slots: tuple[int, ...], planned_tokens: int | None, limits: Limits
) -> CacheRequest:
    """The request of these options. Raises BadParameter."""
    try:
        return CacheRequest(
            routing=tuple(tuple(tuple(row) for row in token) for token in table.chosen.tolist()),
            experts=table.experts,
            planned_tokens=planned_tokens,
            slots=slots,
            limits=limits,
        )
    except ValidationError as error:
        fault = field_errors(error.errors(include_url=False))[0]
        hint = "--" + fault.pointer.strip("/").partition("/")[0].replace("_", "-")
        raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint=hint) from None


def cache(request: CacheRequest, planner: Planner, plot: Path | None, *, as_json: bool) -> Status:
    """Replay, print a row per policy and size or JSON, and draw; Ctrl-C keeps sizes."""
    notes = cli_output.notes()

    def tell(size: CacheSize) -> None:
        if notes.is_terminal:
            notes.print(f"{size.slots:,} slots: replayed")

    with interruptible() as cancel:
        try:
            found = planner.cache(request, tell, cancel)
        except ChildLostError:
            if not cancel.is_set():
                raise
            notes.print("edgeplan: interrupted before the first size was replayed")
            return Status.INTERRUPTED
    if found.stopped:
        notes.print(f"edgeplan: interrupted after {len(found.sizes)} of {len(request.slots)}")
    try:
        if plot is not None:
            from planner.plot.expert_cache import draw

            cli_output.write(plot, draw(found, plot.suffix))
    finally:  # a file that cannot be written does not cost the answer
        if as_json:
            cli_output.say_json(found)
        else:
            _say(found)
    return Status.INTERRUPTED if found.stopped else Status.DONE


def _say(found: ExpertCache) -> None:
    console = cli_output.answers()
    begins = "never" if found.least_lru_slots is None else f"from {found.least_lru_slots} slots on"
    console.print(
        f"{found.uses:,} uses planned with, {found.held_out_uses:,} held out; "
        f"a token cycle is {found.cycle} uses, LRU hits {begins}"
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("slots", justify="right")
    table.add_column("policy")
    for name in ("hits", "held out"):
        table.add_column(name, justify="right")
    for size in found.sizes:
        for row in (*size.fixed, size.chosen):
            words = _chosen(row) if isinstance(row, ChosenCache) else row.policy
            rates = _rate(row.hits, found.uses), _rate(row.held_out_hits, found.held_out_uses)
            table.add_row(f"{size.slots:,}", words, *rates)
        table.add_section()
    console.print(table)
    for size in found.sizes:
        if size.note:
            console.print(f"- {size.slots:,} slots: {size.note}")
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")


def _chosen(row: ChosenCache) -> str:
    pins = f"{len(row.pins):,} pins"
    return f"choice: {pins}" + (
        f", {row.dynamic_slots:,} {row.policy}" if row.dynamic_slots else ""
    )


def _rate(hits: int, uses: int) -> str:
    return f"{100 * hits / max(uses, 1):.2f} %"
