"""edgeplan frontier: the best quality at each level of a budget."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.table import Table

from api import cli_output
from api.cli_interrupt import interruptible
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests import FrontierRequest
from models.frontier import Budget, Frontier, FrontierPoint
from models.units import format_quantity
from planner.split_computing_frontier import saved
from planner.worker import ChildLostError


def frontier(
    request: FrontierRequest, plot: Path | None, planner: Planner, *, as_json: bool
) -> Status:
    """Sweep, print a table or JSON, and draw; the first Ctrl-C ends it with what it has."""
    with interruptible() as cancel:
        try:
            found = planner.frontier(request, cancel)
        except ChildLostError:
            if not cancel.is_set():
                raise
            sys.stderr.write("edgeplan: interrupted, and nothing was handed over in time\n")
            return Status.INTERRUPTED
    if as_json:
        cli_output.say_json(found)
    else:
        _say(found, request.points)
    if plot is not None and found.points:
        from planner.plot.frontier import draw

        cli_output.write(plot, draw(found, plot.suffix))
    return Status.INTERRUPTED if cancel.is_set() else _status(found)


def _status(found: Frontier) -> Status:
    """As of a solve: rows without a plan count only where no row has one."""
    proved = all(point.proved for point in found.points)
    if any(point.plan is not None for point in found.points):
        return Status.DONE if proved else Status.NOT_PROVED
    return Status.INFEASIBLE if proved else Status.NO_PLAN


def _say(found: Frontier, points: int) -> None:
    console = cli_output.answers()
    console.print(_split_table(found) if found.budget is Budget.ACCURACY else _table(found))
    for line in _missing(found, points):
        console.print(line)
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")


def _missing(found: Frontier, points: int) -> Iterator[str]:
    """Why there may be more points than those shown, and what brings them."""
    if found.stopped:
        yield "interrupted: what was not asked by then is missing"
    elif found.cut:
        most = max(Counter(point.bandwidth_bit_per_s for point in found.points).values())
        if most >= points:
            yield f"cut after {most} points: higher floors may matter, ask for more --points"
        if not all(point.proved for point in found.points):
            yield "not every row is proved: other floors may matter, give more --time-limit"


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
            _optimum(point, found.unit),
            "–" if accuracy is None else format_quantity(accuracy, "ppm"),
            saved(point, "all-local"),
            saved(point, "all-remote"),
            "; ".join(words),
        )
    return table


def _optimum(point: FrontierPoint, unit: str) -> str:
    if point.objective is not None:
        return format_quantity(point.objective, unit)
    return "no plan" if point.proved else "not known"
