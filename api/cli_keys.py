"""edgeplan keys: make, list and revoke API keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich import box
from rich.table import Table
from sqlalchemy.exc import IntegrityError

from api import cli_output, keys
from api.cli_serve import settings_of
from api.cli_status import Status
from api.jobs.engine import open_tables
from api.jobs.store import Store


def add(options: dict[str, Any], name: str, scopes: list[str], max_waiting: int) -> Status:
    """Print a fresh token. Raises BadParameter for an unknown scope or a name that has one."""
    try:
        wanted = frozenset(keys.Scope(scope) for scope in scopes)
    except ValueError as error:
        names = ", ".join(scope.value for scope in keys.Scope)
        raise typer.BadParameter(f"{error}; use {names}", param_hint="--scope") from None
    with _store(options) as store:
        try:
            token = keys.add(store, name, wanted, max_waiting)
        except IntegrityError:
            words = f"{name} has a key; revoke it first, or take another name"
            raise typer.BadParameter(words, param_hint="NAME") from None
    typer.echo(token)
    typer.echo("keep it: it is not shown again", err=True)
    return Status.DONE


def listed(options: dict[str, Any]) -> Status:
    """A table of all keys."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("name", "scopes", "may wait"):
        table.add_column(column)
    with _store(options) as store:
        for caller in keys.listed(store):
            table.add_row(caller.name, ", ".join(sorted(caller.scopes)), str(caller.max_waiting))
    cli_output.answers().print(table)
    return Status.DONE


def revoke(options: dict[str, Any], name: str) -> Status:
    """Delete a key. Raises BadParameter where there is none."""
    with _store(options) as store:
        if not keys.revoke(store, name):
            raise typer.BadParameter(f"{name} has no key; 'edgeplan keys list'", param_hint="NAME")
    return Status.DONE


@contextmanager
def _store(options: dict[str, Any]) -> Iterator[Store]:
    """The tables beside a running server: keys change while it runs."""
    engine = open_tables(settings_of(options).db or "")
    try:
        yield Store(engine)
    finally:
        engine.dispose()
