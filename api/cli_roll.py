"""edgeplan roll: a placement that follows what is observed, step by step."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field
from rich import box
from rich.table import Table

from api import cli_input, cli_output
from api.cli_interrupt import interruptible
from api.cli_planner import Planner
from api.cli_status import Status, status_of_grade
from api.requests_experts import RollRequest
from models.base import Document
from models.problems import AnyProblem
from models.problems.offload_placement import OffloadPlacementProblem
from models.result import Limits
from models.rolling import Observation, Rolling, RollingStep
from models.units import format_quantity


class _Steps(Document):
    """The file of observations."""

    steps: Annotated[tuple[Observation, ...], Field(min_length=1, max_length=100)]


def requested(
    problem: AnyProblem, source: str, weight_and_price: tuple[int, int | None], limits: Limits
) -> RollRequest:
    """The request of these options. Raises BadParameter for another kind, InputError."""
    if not isinstance(problem, OffloadPlacementProblem):
        raise typer.BadParameter(f"{problem.kind} is not followed; give an offload_placement")
    weight_ppm, ns_per_mib = weight_and_price
    return RollRequest(
        problem=problem,
        steps=cli_input.document(source, _Steps).steps,
        weight_ppm=weight_ppm,
        ns_per_mib=ns_per_mib,
        limits=limits,
    )


def roll(request: RollRequest, planner: Planner, plot: Path | None, *, as_json: bool) -> Status:
    """Plan every step, print a row per step or JSON, and draw; Ctrl-C keeps what is done."""
    notes = cli_output.notes()

    def tell(step: RollingStep) -> None:
        if notes.is_terminal:
            notes.print(f"{step.name}: {step.grade}, {step.moved:,} moves")

    with interruptible() as cancel:
        found = planner.roll(request, tell, cancel)
    if found.stopped:
        notes.print(f"edgeplan: interrupted after {len(found.steps)} of {len(request.steps) + 1}")
    try:
        if plot is not None and found.steps:
            from planner.plot.rolling import draw

            cli_output.write(plot, draw(found, plot.suffix))
    finally:  # a file that cannot be written does not cost the answer
        if as_json:
            cli_output.say_json(found)
        else:
            _say(found)
    if found.stopped:
        return Status.INTERRUPTED
    return max(status_of_grade(step.grade) for step in found.steps)


def _say(found: Rolling) -> None:
    console = cli_output.answers()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("step")
    for name in ("moves", "moved", "latency per token", "plan before kept", "migration", "gap"):
        table.add_column(name, justify="right")
    table.add_column("grade")
    for step in found.steps:
        table.add_row(step.name, *_figures(step, found.tokens), str(step.grade))
    console.print(table)
    for step in found.steps:
        for line in step.explanation:
            console.print(f"- {step.name}: {line}")
    console.print(f"time {format_quantity(found.wall_ns, 'ns')}")


def _figures(step: RollingStep, tokens: int) -> tuple[str, ...]:
    def each(latency_ns: int | None, otherwise: str) -> str:
        return otherwise if latency_ns is None else format_quantity(latency_ns // tokens, "ns")

    gap = "" if step.gap is None else f"{100 * step.gap:.3f} %"
    migration = "" if step.migration_ns is None else format_quantity(step.migration_ns, "ns")
    return (
        f"{step.moved:,}",
        format_quantity(step.moved_bytes, "bytes"),
        each(step.latency_ns, "no plan"),
        "" if step.name == "start" else each(step.kept_ns, "breaks a rule"),
        migration,
        gap,
    )
