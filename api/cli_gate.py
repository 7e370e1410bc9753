"""edgeplan gate: train once, select under a budget, and measure the restricted gate."""

from dataclasses import dataclass
from pathlib import Path

import typer
from rich import box
from rich.table import Table

from api import cli_output
from api.cli_input import InputError
from api.cli_planner import Planner
from api.cli_solve import Output, run
from api.cli_status import Status, status_of_grade
from api.requests import PlanRequest
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.prompts import PromptTable, TwoLevels
from models.result import Certificate, Grade, Limits
from models.units import format_quantity
from planner.gate import GateError, NoLearnerError
from planner.gate_selection import learn, selection_problem, two_levels

_GIVEN: Grade | None = None  # a plan that was not solved for has no grade


@dataclass(frozen=True)
class GateRequest:
    """A table of prompts; the budget of the experts to keep, or these themselves; k; limits."""

    table: PromptTable
    limit_uj: int | None
    plan: ExpertSelectionPlan | None
    top_k: int
    limits: Limits


def gate(
    request: GateRequest, problem_file: Path | None, planner: Planner, *, as_json: bool
) -> Status:
    """Train, select, measure and print; problem_file: where the selection problem goes.

    Raises InputError where the table teaches nothing.
    """
    known = {expert.name for expert in request.table.experts}
    unknown = [n for n in (request.plan.experts if request.plan else ()) if n not in known]
    if unknown:
        raise typer.BadParameter(f"the plan's expert '{unknown[0]}' is not in the table of prompts")
    try:
        trained = learn(request.table, request.limits.seed)
        problem = selection_problem(trained, request.top_k, request.limit_uj)
        _keep(problem, problem_file)
        plan, grade = request.plan, _GIVEN
        if plan is None:
            asked = PlanRequest(problem=problem, limits=request.limits)
            certificate, status = run(asked, Output(), planner)
            if not isinstance(certificate.plan, ExpertSelectionPlan):
                return _without_plan(certificate, status)
            plan, grade = certificate.plan, certificate.grade
        found = two_levels(trained, problem, plan.experts, request.top_k, grade)
    except NoLearnerError as error:
        cli_output.notes().print(f"edgeplan: {error}")
        return Status.UNAVAILABLE
    except GateError as error:
        raise InputError("the table of prompts", [str(error)]) from None
    if as_json:
        cli_output.say_json(found)
    else:
        _say(request.table, found)
    return Status.DONE if grade is None else status_of_grade(grade)


def _keep(problem: ExpertSelectionProblem, path: Path | None) -> None:
    if path is not None:
        text = problem.model_dump_json(indent=2, exclude_none=True) + "\n"
        cli_output.write(path, text.encode())


def _without_plan(certificate: Certificate, status: Status) -> Status:
    notes = cli_output.notes()
    notes.print(f"edgeplan: no selection of experts: {certificate.grade}")
    for line in certificate.explanation:
        notes.print(f"- {line}")
    return status


def _say(table: PromptTable, found: TwoLevels) -> None:
    console = cli_output.answers()
    given = "given" if found.grade is None else found.grade.upper()
    limit = ""
    if found.energy_limit_uj is not None:
        limit = f" of {format_quantity(found.energy_limit_uj, 'uj')}"
    console.print(f"kept {', '.join(found.experts)} of {len(table.experts)} experts ({given})")
    console.print(f"energy {format_quantity(found.energy_uj, 'uj')}{limit}")
    asked = "1 expert" if found.top_k == 1 else f"up to {found.top_k} experts"
    console.print(
        f"trained on {found.trained_on:,} prompts; measured on {found.held_out:,} others, "
        f"{asked} asked per prompt"
    )
    rows = (
        ("gate trained once on all, restricted to these", found.restricted_ppm),
        ("gate trained again on these", found.retrained_ppm),
        (f"best of these alone ({found.best_single})", found.best_single_ppm),
        ("all of these, equally", found.uniform_ppm),
    )
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    shown.add_column("who answers")
    shown.add_column("mean score", justify="right")
    shown.add_column("against the restricted gate", justify="right")
    for words, value in rows:
        ahead = (value - found.restricted_ppm) / 10_000
        difference = "" if value == found.restricted_ppm else f"{ahead:+.2f} points"
        shown.add_row(words, f"{value / 10_000:.2f} %", difference)
    console.print(shown)
    if found.falls is not None:
        console.print(f"quality is {found.falls.partition(';')[0]}")
