"""edgeplan frontier: the best quality at each level of a budget."""

from pathlib import Path

from rich import box
from rich.table import Table

from api import answers, cli_output, fork_server
from api.cli_status import Status
from api.requests import FrontierRequest
from models.frontier import Frontier
from models.units import format_quantity


def frontier(request: FrontierRequest, plot: Path | None, *, as_json: bool) -> Status:
    """Sweep, print a table or JSON, and draw."""
    fork_server.start([])
    found = answers.frontier(request)
    if as_json:
        cli_output.say_json(found)
    else:
        _say(found)
    if plot is not None:
        from planner.plot.frontier import draw

        cli_output.write(plot, draw(found, plot.suffix))
    proved = all(point.proved for point in found.points)
    return Status.DONE if proved else Status.NOT_PROVED


def _say(found: Frontier) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in (str(found.budget), "objective", "lower bound", "best heuristic"):
        table.add_column(name, justify="right")
    table.add_column("")
    for point in found.points:
        reached = [value for value in point.heuristics.values() if value is not None]
        words = [
            *(["dominated"] if point.dominated else []),
            *(["plan of the level above"] if point.reused else []),
            *([] if point.proved else ["not proved"]),
        ]
        amounts = (point.objective, point.lower_bound, min(reached, default=None))
        table.add_row(
            format_quantity(point.limit, found.limit_unit),
            *("no plan" if value is None else f"{value:,} {found.unit}" for value in amounts),
            ", ".join(words),
        )
    console = cli_output.answers()
    console.print(table)
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")
