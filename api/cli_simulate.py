"""edgeplan simulate: a plan replayed unit by unit, as a table, JSON or a Gantt chart."""

from dataclasses import dataclass
from pathlib import Path

import typer
from rich import box
from rich.table import Table

from api import cli_input, cli_output
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests import SimulationRequest
from models.documents import validate
from models.errors import DocumentError
from models.problems import AnyPlan, AnyProblem
from models.problems.pipeline_partition import PipelinePartitionProblem
from models.problems.sequence_pipeline import SequencePipelineProblem
from models.simulation import Simulation
from models.units import format_quantity
from planner.plot import SUFFIXES


@dataclass(frozen=True)
class Setting:
    """How to replay: how many units, who stops when (NAME=TIME), one channel for all.

    then: the plan that goes on after a stop; resume_after: when it begins, as written.
    """

    units: int | None
    stops: tuple[str, ...]
    shared_medium: bool
    then: AnyPlan | None = None
    resume_after: str = "0 ns"

    def request(self, problem: AnyProblem, plan: AnyPlan) -> SimulationRequest:
        """The request. Raises BadParameter."""
        stops = dict(cli_input.stop(text) for text in self.stops)
        fields = {
            "problem": problem.model_dump(mode="json"),
            "plan": plan.model_dump(mode="json"),
            "units": self.units,
            "stops_ns": stops,
            "shared_medium": self.shared_medium,
            "then": None if self.then is None else self.then.model_dump(mode="json"),
            "resume_after_ns": cli_input.quantity(
                self.resume_after, "nanosecond", "--resume-after"
            ),
        }
        try:
            return validate(fields, SimulationRequest)
        except DocumentError as error:
            fault = error.faults[0]
            hint = "--stop" if fault.pointer.startswith("/stops_ns") else None
            raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint=hint) from None


def check(plot: Path | None) -> None:
    """Raises BadParameter for a drawing that cannot be written."""
    cli_output.check_folder(plot, "--plot")
    if plot is not None and plot.suffix not in SUFFIXES:
        reason = f"'{plot}' does not end in {' or '.join(SUFFIXES)}"
        raise typer.BadParameter(reason, param_hint="--plot")


def simulate(
    request: SimulationRequest, planner: Planner, plot: Path | None, *, as_json: bool
) -> Status:
    """Replay, draw and say."""
    found = planner.simulate(request)
    try:
        if plot is not None:
            from planner.plot.simulation import draw_simulation

            title, stops = _title(request.problem), request.stops_ns
            cli_output.write(plot, draw_simulation(title, found, plot.suffix, stops))
    finally:  # a file that cannot be written does not cost the answer
        if as_json:
            cli_output.say_json(found)
        else:
            _say(found)
    return Status.DONE


def _title(problem: AnyProblem) -> str:
    """The model's name; training knows none, and is told by its kind and size."""
    if isinstance(problem, PipelinePartitionProblem | SequencePipelineProblem):
        return problem.model.name
    return f"{problem.kind}: {problem.size_in_words}"


def _say(found: Simulation) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("device or link")
    for name in ("busy", "utilisation"):
        table.add_column(name, justify="right")
    for use in found.machines:
        busy = format_quantity(use.busy_ns, "ns")
        table.add_row(use.machine, busy, format_quantity(use.utilisation_ppm, "ppm"))
    console = cli_output.answers()
    console.print(table)
    console.print(found.in_words)
