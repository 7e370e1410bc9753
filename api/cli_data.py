"""edgeplan instances, schema, generate: what is shipped, and what can be made."""

import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.table import Table

from api import cli_output
from api.cli_planner import Planner
from api.cli_status import Status
from api.requests import InstanceOf
from api.schemas import SCHEMAS, schema
from models.documents import MAX_FILE_BYTES, read_problem, read_prompts
from models.units import format_quantity
from problem_instances.generate import PROMPTS, SPECS, Spec, generate


def instances(planner: Planner, *, as_json: bool) -> Status:
    """List the shipped instances."""
    rows = planner.instances()
    if as_json:
        texts = [row.model_dump(mode="json") for row in rows]
        sys.stdout.write(json.dumps(texts, indent=2) + "\n")
        return Status.DONE
    console = cli_output.answers()
    for kind in sorted({row.kind for row in rows}):
        console.print(kind)
        console.print(_listed(row for row in rows if row.kind == kind))
    return Status.DONE


def _listed(rows: Iterable[InstanceOf]) -> Table:
    """A row per instance."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "objective", "size", "best known", "proved by"):
        table.add_column(column, justify="right" if column == "best known" else "left")
    for row in rows:
        best = row.best_known
        amount = "infeasible" if best is None else format_quantity(best, row.unit)
        table.add_row(row.name, row.objective, row.size, amount, ", ".join(row.proved_by))
    return table


def print_schema(name: str | None) -> Status:
    """Print a JSON Schema, or the names that there are."""
    if name is None:
        sys.stdout.write("\n".join(SCHEMAS) + "\n")
        return Status.DONE
    if name not in SCHEMAS:
        raise typer.BadParameter(f"no schema '{name}'; use one of: {', '.join(SCHEMAS)}")
    sys.stdout.write(json.dumps(schema(name), indent=2) + "\n")
    return Status.DONE


def generate_problem(kind: str, seed: int, settings: list[str], output: Path | None) -> Status:
    """Write a random problem, or table of prompts; the same seed and settings give the same bytes.

    settings: NAME=VALUE for the fields of the kind's specification. Raises BadParameter, and
    DocumentError where they contradict each other.
    """
    cli_output.check_folder(output)
    if kind not in SPECS:
        reason = f"no generator for '{kind}'; use one of: {', '.join(SPECS)}"
        raise typer.BadParameter(reason, param_hint="--kind")
    fields = dict(_setting(SPECS[kind], item) for item in settings)
    try:
        spec = SPECS[kind](seed=seed, **fields)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    text = generate(spec)
    read = read_prompts if kind == PROMPTS else read_problem
    read(text, MAX_FILE_BYTES)
    if output is None:
        sys.stdout.write(text)
    else:
        cli_output.write(output, text.encode())
    return Status.DONE


def _setting(specification: type[Spec], text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    known = {
        field.name: field for field in dataclasses.fields(specification) if field.name != "seed"
    }
    if name not in known:
        raise typer.BadParameter(f"no setting '{name}'; use one of: {', '.join(known)}")
    default = known[name].default
    try:
        parsed = value if isinstance(default, str) else json.loads(value)
    except json.JSONDecodeError:
        parsed = None
    if type(parsed) is not (int if default is None else type(default)):
        example = "1" if default is None else json.dumps(default).strip('"')
        raise typer.BadParameter(f"'{text}' is not of the form {name}={example}")
    return name, parsed
