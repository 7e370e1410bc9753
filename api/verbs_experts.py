"""The verbs about experts: batches, caches, placements over time, gates."""

from pathlib import Path
from typing import Annotated

import typer

from api import cli_options as options


def split(
    source: options.Source,
    plan: options.PlanFile,
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="a file with 'loads', or '-'")],
    *,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    json: options.Json = False,
    server: options.Server = None,
) -> None:
    """Split the tokens of one batch among the replicas of a placement of experts."""
    from api import cli_input, cli_split
    from api.cli_planner import planner_of

    limits = cli_input.limits(time_limit, memory_limit, seed=0)
    problem, placed = cli_input.problem(source), cli_input.plan(plan)
    request = cli_input.split(problem, placed, batch, limits)
    raise typer.Exit(cli_split.split(request, planner_of(server), as_json=json))


def cache(
    routing: Annotated[
        str, typer.Argument(metavar="ROUTING", help="a routing table: .npy, .npz or .csv")
    ],
    slots: Annotated[str, typer.Option(metavar="LIST", help="experts that fit: 117,312,780")],
    *,
    experts: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="per layer; else as many as are chosen")
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="NAME", help="of the array in an .npz")] = None,
    planned_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="that pins are taken from; else half")
    ] = None,
    time_limit: options.Time = "600s",
    memory_limit: options.Memory = "4GiB",
    json: options.Json = False,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Replay expert uses: LRU, LFU, pins, half and half, Belady, and the best split of them."""
    from api import cli_cache, cli_input
    from api.cli_planner import planner_of
    from api.cli_solve import Output

    Output(plot=plot).check()
    limits = cli_input.limits(time_limit, memory_limit, seed=0)
    sizes = cli_input.counts(slots, "--slots")
    table = cli_input.routing(routing, key, experts)
    request = cli_cache.requested(table, sizes, planned_tokens, limits)
    raise typer.Exit(cli_cache.cache(request, planner_of(server), plot, as_json=json))


def roll(
    source: options.Source,
    steps: Annotated[
        str, typer.Argument(metavar="STEPS", help="a file with what was observed, or '-'")
    ],
    *,
    weight: Annotated[
        float, typer.Option(min=0.000001, max=1, metavar="SHARE", help="of what is seen")
    ] = 0.5,
    migration_weight: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="per MiB that moves, instead of the problem's own"),
    ] = None,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    seed: options.Seed = 0,
    json: options.Json = False,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Plan a placement of experts anew at every step of a changing world."""
    from api import cli_input, cli_roll
    from api.cli_planner import planner_of
    from api.cli_solve import Output

    Output(plot=plot).check()
    limits = cli_input.limits(time_limit, memory_limit, seed)
    price = None
    if migration_weight is not None:
        price = cli_input.quantity(migration_weight, "nanosecond", "--migration-weight")
    problem = cli_input.problem(source)
    request = cli_roll.requested(problem, steps, (round(weight * 10**6), price), limits)
    raise typer.Exit(cli_roll.roll(request, planner_of(server), plot, as_json=json))


def gate(
    table: Annotated[str, typer.Argument(metavar="PROMPTS", help="a table of prompts, or '-'")],
    plan: options.MaybePlan = None,
    *,
    energy_limit: Annotated[
        str | None, typer.Option(metavar="ENERGY", help="of the experts kept, such as 60J")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, metavar="N", help="experts asked per prompt")] = 1,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    seed: options.Seed = 0,
    json: options.Json = False,
    problem: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the selection problem")
    ] = None,
    server: options.Server = None,
) -> None:
    """Train a gate once, keep the best experts (or PLAN's), and measure the restricted gate."""
    from api import cli_gate, cli_input, cli_output
    from api.cli_planner import planner_of

    cli_output.check_folder(problem)
    limits = cli_input.limits(time_limit, memory_limit, seed)
    limit = (
        None
        if energy_limit is None
        else cli_input.quantity(energy_limit, "microjoule", "--energy-limit")
    )
    if plan is not None and limit is not None:
        raise typer.BadParameter("a PLAN says which experts are kept; leave --energy-limit out")
    kept = None if plan is None else cli_input.selection(plan)
    request = cli_gate.GateRequest(cli_input.prompts(table), limit, kept, top_k, limits)
    raise typer.Exit(cli_gate.gate(request, problem, planner_of(server), as_json=json))
