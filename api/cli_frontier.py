"""edgeplan frontier: the best quality at each level of a budget."""

from collections import Counter
from pathlib import Path

from rich import box
from rich.table import Table

from api import cli_output
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests import FrontierRequest
from models.frontier import Budget, Frontier
from models.units import format_quantity
from planner.split_computing_frontier import saved


def frontier(
    request: FrontierRequest, plot: Path | None, planner: Planner, *, as_json: bool
) -> Status:
    """Sweep, print a table or JSON, and draw."""
    found = planner.frontier(request)
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
    console = cli_output.answers()
    console.print(_split_table(found) if found.budget is Budget.ACCURACY else _table(found))
    if found.cut:
        most = max(Counter(point.bandwidth_bit_per_s for point in found.points).values())
        console.print(f"cut after {most} points: higher floors may matter, ask for more --points")
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")


def _table(found: Frontier) -> Table:
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
    return table


def _split_table(found: Frontier) -> Table:
    """One row per bandwidth and floor; what the optimum saves on the two extremes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    several = any(point.bandwidth_bit_per_s is not None for point in found.points)
    names = ["floor", "optimum", "accuracy", "saved on local", "on remote"]
    for name in ["bandwidth"] * several + names:
        table.add_column(name, justify="right")
    table.add_column("cut and form")
    for point in found.points:
        rate = point.bandwidth_bit_per_s
        accuracy = point.totals.get("accuracy_ppm")
        words = [
            *([point.what] if point.what else []),
            *(["a higher floor costs no more"] if point.dominated else []),
            *([] if point.proved else ["not proved"]),
        ]
        table.add_row(
            *([] if rate is None else [format_quantity(rate, "bit_per_s")]),
            "–" if point.plan and accuracy is None else format_quantity(point.limit, "ppm"),
            "no plan" if point.objective is None else format_quantity(point.objective, found.unit),
            "–" if accuracy is None else format_quantity(accuracy, "ppm"),
            saved(point, "all-local"),
            saved(point, "all-remote"),
            "; ".join(words),
        )
    return table
