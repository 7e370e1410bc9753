"""Options that several verbs of the command line share, as types of their parameters."""

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str, typer.Argument(metavar="FILE", help="a file, '-' for standard input, or an instance")
]
PlanFile = Annotated[
    str, typer.Argument(metavar="PLAN", help="a file with a plan or a certificate, or '-'")
]
MaybePlan = Annotated[str | None, typer.Argument(metavar="PLAN", help="a plan or certificate")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, nothing else")]
Events = Annotated[bool, typer.Option("--events", help="progress as NDJSON on standard error")]
Solver = Annotated[str | None, typer.Option(metavar="NAME", help="one method, by name")]
Objective = Annotated[
    str | None, typer.Option(metavar="NAME", help="instead of the document's objective")
]
Units = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="units of the makespan, with --objective")
]
Time = Annotated[str, typer.Option(metavar="TIME", help="such as 60s or 500ms")]
Memory = Annotated[str, typer.Option(metavar="SIZE", help="of each solving process")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="of methods that draw numbers")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="write the plan; '-': to standard output, and the tables to standard error",
    ),
]
Plot = Annotated[
    Path | None, typer.Option(metavar="FILE", help="draw the plan: .svg, .png or .pdf")
]
Server = Annotated[
    str | None,
    typer.Option(
        envvar="EDGEPLAN_SERVER",
        metavar="URL",
        help="let a service do it; with the key in EDGEPLAN_API_KEY where it wants one",
    ),
]
Db = Annotated[
    str | None,
    typer.Option(metavar="URL", help="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"),
]
Slots = Annotated[int | None, typer.Option(metavar="N", help="jobs at once")]


def given(**settings: object) -> dict[str, object]:
    """The options that were given."""
    return {name: value for name, value in settings.items() if value is not None}
