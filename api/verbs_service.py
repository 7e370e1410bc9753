"""The verbs about the HTTP service: serving, working, keys."""

from typing import Annotated

import typer

from api import cli_options as options


def serve(
    host: Annotated[str | None, typer.Option(metavar="HOST", help="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="8000")] = None,
    slots: options.Slots = None,
    db: options.Db = None,
) -> None:
    """Answer HTTP. More settings are read from EDGEPLAN_... (see docs/operations.md)."""
    from api import cli_serve

    raise typer.Exit(cli_serve.serve(options.given(host=host, port=port, slots=slots, db=db)))


def worker(db: options.Db = None, slots: options.Slots = None) -> None:
    """Run jobs of a PostgreSQL database that servers on other hosts fill."""
    from api import cli_serve

    raise typer.Exit(cli_serve.worker(options.given(slots=slots, db=db)))


def keys_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="who will use it")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE", help="submit, read or admin; repeatable")
    ] = None,
    max_waiting: Annotated[
        int, typer.Option(min=1, metavar="N", help="jobs of it that may wait at once")
    ] = 1000,
    db: options.Db = None,
) -> None:
    """Make a key and show it, this once."""
    from api import cli_keys

    raise typer.Exit(
        cli_keys.add(options.given(db=db), name, scope or ["submit", "read"], max_waiting)
    )


def keys_list(db: options.Db = None) -> None:
    """List the keys by name; none of them can be shown again."""
    from api import cli_keys

    raise typer.Exit(cli_keys.listed(options.given(db=db)))


def keys_revoke(
    name: Annotated[str, typer.Argument(metavar="NAME")], db: options.Db = None
) -> None:
    """Make a key worthless at once."""
    from api import cli_keys

    raise typer.Exit(cli_keys.revoke(options.given(db=db), name))


def doctor() -> None:
    """Check the builds; solve an example by every method."""
    from api import cli_doctor

    raise typer.Exit(cli_doctor.doctor())
