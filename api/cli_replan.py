"""edgeplan replan: from a plan in force to one for changed devices."""

import typer
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from api import cli_output
from api.cli_planner import Planner
from api.cli_solve import Output, keep, run
from api.cli_status import Status
from api.cli_tables import moves_table, say_certificate, say_verification
from api.requests import PlanRequest, ReplanMode
from models.documents import field_errors
from models.errors import DocumentError
from models.problems import AnyPlan, AnyProblem
from models.result import Certificate, Verification
from planner.certify import unit_of
from planner.replan import ChangeError, Move, changed, moves
from planner.verify import verify
from solvers.registry import entry


class Replanned(BaseModel):
    """The old plan's verdict under the change, what moves, and the certificate."""

    model_config = ConfigDict(frozen=True)

    before: Verification
    moves: tuple[Move, ...]
    certificate: Certificate


def method(kind: str, mode: str, solver: str | None) -> str | None:
    """The method that a mode of replanning asks for by name. Raises BadParameter."""
    if mode == ReplanMode.FULL:
        return solver
    if mode != ReplanMode.REPLAY:
        raise typer.BadParameter(
            f"'{mode}' is no mode; use one of: {', '.join(ReplanMode)}", param_hint="--mode"
        )
    if solver is not None:
        raise typer.BadParameter(
            "a replay is a method of its own; leave --solver out", param_hint="--mode"
        )
    if entry(kind, mode) is None:
        raise typer.BadParameter(
            f"plans for {kind} are not replayed; use --mode full", param_hint="--mode"
        )
    return mode


def change(
    problem: AnyProblem,
    plan: AnyPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> AnyProblem:
    """The changed problem. Raises BadParameter; DocumentError where the change contradicts it."""
    try:
        return changed(problem, plan, lost, slowed, ns_per_mib)
    except ChangeError as error:
        hint = None if error.about is None else f"--{error.about.replace('_', '-')}"
        raise typer.BadParameter(str(error), param_hint=hint) from None
    except ValidationError as error:
        raise DocumentError(field_errors(error.errors(include_url=False))) from None


def replan(request: PlanRequest, plan: AnyPlan, output: Output, planner: Planner) -> Status:
    """Plan the changed problem from the old plan, and say what it takes to get there."""
    problem = request.problem
    before = verify(problem, plan)
    request = request.model_copy(update={"hint": plan if before.accepted else None})
    certificate, status = run(request, output, planner)
    after = certificate.plan
    found = () if after is None else moves(problem, plan, after)
    answer = Replanned(before=before, moves=found, certificate=certificate)
    try:
        keep(problem, certificate, output)
    finally:  # a file that cannot be written does not cost the answer
        if output.json:
            cli_output.say_json(answer)
        else:
            _say(cli_output.answers(aside=output.aside), problem, answer)
    return status


def _say(console: Console, problem: AnyProblem, answer: Replanned) -> None:
    verdict = "still keeps to the rules" if answer.before.accepted else "is refused now"
    console.print(f"the old plan {verdict}")
    say_verification(console, problem, answer.before, unit_of(problem))
    console.print()
    if answer.certificate.plan is not None:
        console.print("what moves" if answer.moves else "nothing moves")
    if answer.moves:
        console.print(moves_table(answer.moves))
    say_certificate(console, problem, answer.certificate)
