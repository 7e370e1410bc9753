"""The verbs that list, describe, write and import documents."""

from pathlib import Path
from typing import Annotated

import typer

from api import cli_options as options


def instances(json: options.Json = False, server: options.Server = None) -> None:
    """List the shipped instances. With their sizes and best known objectives."""
    from api import cli_data
    from api.cli_planner import planner_of

    raise typer.Exit(cli_data.instances(planner_of(server), as_json=json))


def schema(name: Annotated[str | None, typer.Argument(metavar="NAME")] = None) -> None:
    """Print the JSON Schema of a document, or the names of all."""
    from api import cli_data

    raise typer.Exit(cli_data.print_schema(name))


def generate(
    settings: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE")] = None,
    kind: Annotated[str, typer.Option(metavar="KIND")] = "pipeline_partition",
    seed: options.Seed = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="write it there")
    ] = None,
) -> None:
    """Write a random problem. Such as: devices=8 types=3 layers=32 objective=throughput.

    With --kind prompts, a synthetic table of prompts for 'edgeplan gate'.
    """
    from api import cli_data

    raise typer.Exit(cli_data.generate_problem(kind, seed, settings or [], output))


def import_(
    name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT", help="dnn-partitioning, helix, pipeedge, submodular or routing"
        ),
    ],
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="of pipeedge: MODELS DEVICE_TYPES DEVICES"),
    ],
    *,
    free: Annotated[
        bool, typer.Option("--free", help="dnn-partitioning: parts need not be contiguous")
    ] = False,
    no_partial_inference: Annotated[
        bool, typer.Option("--no-partial-inference", help="helix: nodes pass all their layers")
    ] = False,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="pipeedge: of the models' file")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="pipeedge: of the profile; 8")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(metavar="NAME", help="pipeedge: of the profile; torch.float32")
    ] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="routing: equal devices")
    ] = None,
    slots: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="routing: replicas per device and layer")
    ] = None,
    window_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="routing: per window; else all as one")
    ] = None,
    experts: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="routing: per layer; else as chosen")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="routing: of the array in an .npz")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="write it there")
    ] = None,
) -> None:
    """Write a problem that stands in files of another tool as a document of edgeplan."""
    from api import cli_import

    given = options.given(
        free=free or None,
        no_partial_inference=no_partial_inference or None,
        model=model,
        batch=batch,
        dtype=dtype,
        devices=devices,
        slots=slots,
        window_tokens=window_tokens,
        experts=experts,
        key=key,
    )
    raise typer.Exit(cli_import.import_(name, files, given, output))
