"""edgeplan solve, verify, validate, explain: what the commands do with what they were given."""

import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from api import cli_output
from api.cli_interrupt import interruptible
from api.cli_planner import Planner
from api.cli_progress import watching
from api.cli_status import Status, status_of, status_of_grade
from api.cli_tables import exact, say_certificate, say_verification
from api.requests import (
    Explanation,
    ExplanationRequest,
    PlanRequest,
    ValidationRequest,
    VerificationRequest,
)
from models.problems import AnyPlan, AnyProblem
from models.result import Certificate
from planner.certify import unit_of
from planner.plot import SUFFIXES, draw


@dataclass(frozen=True)
class Output:
    """What a solve is to write: JSON instead of tables, events, the plan, a drawing."""

    json: bool = False
    events: bool = False
    plan: Path | None = None
    plot: Path | None = None

    @property
    def aside(self) -> bool:
        """Whether standard output is for the plan, and all else goes to standard error."""
        return self.plan == cli_output.STDOUT

    def check(self) -> None:
        """Raises BadParameter for a file that cannot be written."""
        if self.json and self.aside:
            raise typer.BadParameter("--json and --output - both want standard output")
        cli_output.check_folder(self.plan)
        cli_output.check_folder(self.plot, "--plot")
        if self.plot is not None and self.plot.suffix not in SUFFIXES:
            reason = f"'{self.plot}' does not end in {' or '.join(SUFFIXES)}"
            raise typer.BadParameter(reason, param_hint="--plot")


def run(request: PlanRequest, output: Output, planner: Planner) -> tuple[Certificate, Status]:
    """Solve under the eyes of the person, who may stop it."""
    with (
        interruptible() as cancel,
        watching(unit_of(request.problem), cancel, events=output.events) as listen,
    ):
        certificate = planner.plan(request, listen, cancel)
    for contradiction in certificate.contradictions:
        sys.stderr.write(f"edgeplan: two methods contradict each other: {contradiction}\n")
    return certificate, status_of(certificate, interrupted=cancel.is_set())


def keep(problem: AnyProblem, certificate: Certificate, output: Output) -> None:
    """Write the plan and its drawing, where there is a plan and they are asked for."""
    if certificate.plan is None:
        return
    if output.plan is not None:
        text = certificate.plan.model_dump_json(indent=2) + "\n"
        cli_output.write(output.plan, text.encode())
    if output.plot is not None:
        image = draw(problem, certificate, output.plot.suffix)
        cli_output.write(output.plot, image)


def solve(request: PlanRequest, output: Output, planner: Planner) -> Status:
    """Solve, write and say."""
    certificate, status = run(request, output, planner)
    try:
        keep(request.problem, certificate, output)
    finally:  # a file that cannot be written does not cost the answer
        if output.json:
            cli_output.say_json(certificate)
        else:
            console = cli_output.answers(aside=output.aside)
            say_certificate(console, request.problem, certificate)
    return status


def verify(problem: AnyProblem, plan: AnyPlan, planner: Planner, *, as_json: bool) -> Status:
    """Say whether a plan keeps to the rules, and what it costs."""
    verdict = planner.verify(VerificationRequest(problem=problem, plan=plan))
    console = cli_output.answers()
    if as_json:
        cli_output.say_json(verdict)
    else:
        console.print("accepted" if verdict.accepted else "refused")
        say_verification(console, problem, verdict, unit_of(problem))
    return Status.DONE if verdict.accepted else Status.REFUSED


def validate(problem: AnyProblem, planner: Planner) -> Status:
    """Say what a problem is."""
    found = planner.validate(ValidationRequest(problem=problem))
    console = cli_output.answers()
    console.print(f"a problem of kind {found.kind}: {found.objective}, {found.size}")
    console.print(f"digest {found.digest}")
    return Status.DONE


def explain(request: ExplanationRequest, planner: Planner, *, as_json: bool) -> Status:
    """Say what binds a plan, or what stands in the way of any."""
    found = planner.explain(request)
    if as_json:
        cli_output.say_json(found)
    else:
        _say_explanation(found)
    if found.grade is not None:
        return status_of_grade(found.grade)
    return Status.REFUSED if found.objective is None else Status.DONE


def _say_explanation(found: Explanation) -> None:
    console = cli_output.answers()
    if found.objective is not None:
        console.print(f"objective {exact(found.objective, found.unit)}")
    for line in found.lines:
        console.print(f"- {line}")
