"""What the command line is given: documents by file, standard input or name; quantities."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, TypeVar

import typer
from pydantic import ValidationError

from api.requests import Batch, FrontierRequest, SplitRequest
from models.documents import (
    MAX_FILE_BYTES,
    parse,
    read_plan,
    read_problem,
    read_prompts,
    validate,
)
from models.errors import DocumentError, FieldError
from models.frontier import Budget
from models.problems import AnyPlan, AnyProblem
from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.problems.split_computing import SplitComputingProblem
from models.prompts import PromptTable
from models.result import Limits
from models.units import parse_quantity
from problem_instances import load, names
from problem_instances.readers.routing import Routing
from problem_instances.readers.routing import read as read_routing
from solvers.registry import entries, entry

T = TypeVar("T")


class InputError(Exception):
    """What was given cannot be read: one line per fault, each with the name of its source."""

    def __init__(self, source: str, reasons: list[str]) -> None:
        super().__init__("\n".join(f"{source}: {reason}" for reason in reasons))


def problem(source: str, objective: str | None = None, units: int | None = None) -> AnyProblem:
    """The problem in a file, on standard input ("-") or of a shipped instance.

    objective: instead of the one of the document, whose `units` then no longer count; units: for
    an objective that has some. Raises InputError, and BadParameter for such options.
    """
    with named(source):
        if source != "-" and not Path(source).exists() and source in names():
            found = load(source)
        else:
            found = read_problem(text(source), MAX_FILE_BYTES)
    return _with_objective(found, objective, units)


def _with_objective(found: AnyProblem, objective: str | None, units: int | None) -> AnyProblem:
    if objective is None and units is None:
        return found
    fields = found.model_dump(mode="json")
    if objective is not None and objective != fields["objective"]:
        fields["objective"] = objective
        fields.pop("units", None)
    if units is not None:
        fields["units"] = units
    try:
        return validate(fields, type(found))
    except DocumentError as error:
        fault = error.faults[0]
        reason = f"{fault.reason}; {fault.remedy}".replace("'units'", "--units")
        raise typer.BadParameter(reason, param_hint=_option(fault)) from None


def plan(source: str) -> AnyPlan:
    """The plan, or the plan of the certificate, in a file or on standard input.

    Raises InputError.
    """
    with named(source):
        return read_plan(text(source))


def selection(source: str) -> ExpertSelectionPlan:
    """The expert selection in a file or on standard input. Raises InputError, BadParameter."""
    found = plan(source)
    if not isinstance(found, ExpertSelectionPlan):
        raise typer.BadParameter(f"'{source}' is a plan of kind {found.kind}, no expert selection")
    return found


def prompts(source: str) -> PromptTable:
    """The table of prompts in a file or on standard input. Raises InputError."""
    with named(source):
        return read_prompts(text(source), MAX_FILE_BYTES)


def document(source: str, noun: type[T]) -> T:
    """A document of that type in a file or on standard input. Raises InputError."""
    with named(source):
        return validate(parse(text(source), MAX_FILE_BYTES), noun)


def routing(source: str, key: str | None, experts: int | None) -> Routing:
    """The routing table in a file. Raises InputError."""
    try:
        with named(source):
            return read_routing(Path(source), key=key, experts=experts)
    except OSError as error:
        remedy = "give a file .npy, .npz or .csv"
        raise InputError(source, [f"{error.strerror}; {remedy}"]) from None


def counts(text: str, option: str) -> tuple[int, ...]:
    """Whole numbers from 1 on, separated by commas. Raises BadParameter."""
    items = _items(text)
    if not items or not all(item.isdecimal() and int(item) for item in items):
        reason = f"'{text}' is no list of whole numbers, such as 117,312"
        raise typer.BadParameter(reason, param_hint=option)
    return tuple(int(item) for item in items)


@contextmanager
def named(source: str) -> Iterator[None]:
    """Turns the faults of a document into those of its source."""
    try:
        yield
    except DocumentError as error:
        name = "standard input" if source == "-" else source
        raise InputError(name, [str(fault) for fault in error.faults]) from None


def text(source: str) -> bytes:
    """What a file or standard input ("-") holds. Raises InputError."""
    if source == "-":
        return _bounded(sys.stdin.buffer)
    try:
        with Path(source).open("rb") as file:
            return _bounded(file)
    except OSError as error:
        remedy = "give a file, '-' for standard input, or a name that 'edgeplan instances' lists"
        raise InputError(source, [f"{error.strerror}; {remedy}"]) from None


def _bounded(file: BinaryIO) -> bytes:
    """What a file holds, up to one byte more than a document may have."""
    return file.read(MAX_FILE_BYTES + 1)


def quantity(text: str, unit: str, option: str) -> int:
    """An integer number of `unit` from an option's value. Raises BadParameter."""
    try:
        return parse_quantity(text, unit)
    except ValueError as error:
        reason = f"{error} (got '{text}'); write, say, {_EXAMPLES[unit]}"
        raise typer.BadParameter(reason, param_hint=option) from None


def _option(fault: FieldError) -> str | None:
    """The option that sets a field; None where the fault is in the document itself."""
    return _OPTIONS.get(fault.pointer)


_EXAMPLES = {
    "nanosecond": "60s or 500ms",
    "byte": "4GiB",
    "microjoule": "60J",
    "bit/second": "10Mbit/s",
}
_OPTIONS = {
    "/time_limit_ns": "--time-limit",
    "/memory_limit_bytes": "--memory-limit",
    "/seed": "--seed",
    "/objective": "--objective",
    "/units": "--units",
    "/floors_ppm": "--floors",
    "/bandwidths_bit_per_s": "--bandwidths",
}


def limits(time: str, memory: str, seed: int) -> Limits:
    """Limits from the values of options. Raises BadParameter."""
    fields = {
        "time_limit_ns": quantity(time, "nanosecond", "--time-limit"),
        "memory_limit_bytes": quantity(memory, "byte", "--memory-limit"),
        "seed": seed,
    }
    try:
        return validate(fields, Limits)
    except DocumentError as error:
        fault = error.faults[0]
        raise typer.BadParameter(fault.reason, param_hint=_option(fault)) from None


def check_solver(kind: str, name: str | None) -> None:
    """Raises BadParameter for a method that the kind does not have."""
    if name is not None and entry(kind, name) is None:
        known = ", ".join(item.name for item in entries(kind))
        reason = f"no method '{name}' for {kind}; use one of: {known}"
        raise typer.BadParameter(reason, param_hint="--solver")


def slowed(text: str) -> tuple[str, str]:
    """Device and factor of NAME=FACTOR. Raises BadParameter."""
    name, equals, factor = text.rpartition("=")
    if not (name and equals and factor):
        reason = f"'{text}' is not NAME=FACTOR, such as nx=2"
        raise typer.BadParameter(reason, param_hint="--slowed")
    return name, factor


def stop(text: str) -> tuple[str, int]:
    """Device and ns of NAME=TIME. Raises BadParameter."""
    name, equals, time = text.rpartition("=")
    if not (name and equals and time):
        raise typer.BadParameter(f"'{text}' is not NAME=TIME, such as nx=2s", param_hint="--stop")
    return name, quantity(time, "nanosecond", "--stop")


def frontier(
    problem: AnyProblem,
    budget: str | None,
    points: int,
    limits: Limits,
    grid: tuple[str | None, str | None] = (None, None),
) -> FrontierRequest:
    """A request for a sweep; grid: bandwidths and floors, separated by commas.

    Raises BadParameter for another kind, an unknown budget or what cannot be read.
    """
    if not isinstance(problem, ExpertSelectionProblem | SplitComputingProblem):
        raise typer.BadParameter(f"{problem.kind} has no budget to sweep")
    if budget is None and isinstance(problem, SplitComputingProblem):
        budget = Budget.ACCURACY
    if budget not in tuple(Budget):
        got = "give a budget" if budget is None else f"no budget '{budget}'"
        raise typer.BadParameter(f"{got}; use one of: {', '.join(Budget)}", param_hint="--budget")
    bandwidths = [quantity(item, "bit/second", "--bandwidths") for item in _items(grid[0])]
    floors = [_percent(item) for item in _items(grid[1])]
    try:
        return FrontierRequest(
            problem=problem,
            budget=Budget(budget),
            points=points,
            floors_ppm=tuple(floors),
            bandwidths_bit_per_s=tuple(bandwidths),
            limits=limits,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        option = _OPTIONS.get(f"/{fault['loc'][0]}") if fault["loc"] else None
        raise typer.BadParameter(fault["msg"], param_hint=option) from None


def _items(text: str | None) -> list[str]:
    return [] if text is None else [item.strip() for item in text.split(",") if item.strip()]


def _percent(text: str) -> int:
    """Parts per million of "74", "75.8" or "75.8 %"."""
    try:
        percent = Decimal(text.removesuffix("%").strip())
        possible = 0 <= percent <= 100
    except ArithmeticError:  # no number, or not one that compares
        possible = False
    if not possible:
        reason = f"'{text}' is not a percentage from 0 to 100; write 75.8, say"
        raise typer.BadParameter(reason, param_hint="--floors")
    return round(percent * 10_000)


def split(problem: AnyProblem, plan: AnyPlan, source: str, limits: Limits) -> SplitRequest:
    """A request to split the batch in a file. Raises BadParameter for another kind, InputError."""
    if not isinstance(problem, ExpertBalanceProblem) or not isinstance(plan, ExpertBalancePlan):
        raise typer.BadParameter(f"{problem.kind} with a plan for {plan.kind} has no batches")
    with named(source):
        found = parse(text(source))
        loads = found.get("loads") if isinstance(found, dict) else found
        batch = validate({"loads": loads}, Batch)
    return SplitRequest(problem=problem, plan=plan, loads=batch.loads, limits=limits)
