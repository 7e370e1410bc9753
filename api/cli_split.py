"""edgeplan split: one batch among the replicas of a placement of experts."""

from rich import box
from rich.table import Table

from api import cli_output
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests import SplitRequest
from models.units import format_quantity


def split(request: SplitRequest, planner: Planner, *, as_json: bool) -> Status:
    """Split, print a row per layer or JSON."""
    found = planner.split(request)
    if as_json:
        cli_output.say_json(found)
        return Status.DONE
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("layer", "split", "perfect balance", "all replicas alike"):
        table.add_column(name, justify="right")
    rows = zip(found.time_ns, found.balanced_ns, found.equal_ns, strict=True)
    for layer, row in enumerate(rows):
        table.add_row(str(layer), *(f"{amount:,} ns" for amount in row))
    console = cli_output.answers()
    console.print(table)
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")
    return Status.DONE
