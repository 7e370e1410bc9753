"""The command `edgeplan`: its verbs and their options; what they do stands in the cli_* files.

Imports stand in the commands: `edgeplan --help` needs none of them.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api import cli_options as options
from api.cli_bench import bench
from api.cli_end import Group

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        from api.version import installed

        sys.stdout.write(f"edgeplan {installed()}\n")
        raise typer.Exit


@app.callback()
def edgeplan(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say the version and exit."
        ),
    ] = False,
) -> None:
    """Planning for edge AI: exact, certified plans for models on graphs of devices."""


@app.command()
def solve(
    source: options.Source,
    *,
    solver: options.Solver = None,
    objective: options.Objective = None,
    units: options.Units = None,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    seed: options.Seed = 0,
    hint: Annotated[str | None, typer.Option(metavar="PLAN", help="a plan to start from")] = None,
    json: options.Json = False,
    events: options.Events = False,
    output: options.Out = None,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Plan a problem and vouch for the answer."""
    from api import cli_input, cli_solve
    from api.cli_planner import planner_of
    from api.requests import PlanRequest

    out = cli_solve.Output(json, events, output, plot)
    out.check()
    limits = cli_input.limits(time_limit, memory_limit, seed)
    problem = cli_input.problem(source, objective, units)
    cli_input.check_solver(problem.kind, solver)
    start = None if hint is None else cli_input.plan(hint)
    request = PlanRequest(problem=problem, limits=limits, solver=solver, hint=start)
    raise typer.Exit(cli_solve.solve(request, out, planner_of(server)))


@app.command()
def verify(
    source: options.Source,
    plan: options.PlanFile,
    json: options.Json = False,
    server: options.Server = None,
) -> None:
    """Check a plan. Exit status 0 when it keeps to every rule, 1 when it does not."""
    from api import cli_input, cli_solve
    from api.cli_planner import planner_of

    problem, found = cli_input.problem(source), cli_input.plan(plan)
    raise typer.Exit(cli_solve.verify(problem, found, planner_of(server), as_json=json))


@app.command()
def validate(source: options.Source, server: options.Server = None) -> None:
    """Read a problem and say what it is, without solving it."""
    from api import cli_input, cli_solve
    from api.cli_planner import planner_of

    raise typer.Exit(cli_solve.validate(cli_input.problem(source), planner_of(server)))


@app.command()
def explain(
    source: options.Source,
    plan: options.MaybePlan = None,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    json: options.Json = False,
    server: options.Server = None,
) -> None:
    """Say what binds a plan, or why there is none. Without PLAN the best one is found first."""
    from api import cli_input, cli_solve
    from api.cli_planner import planner_of
    from api.requests import ExplanationRequest

    limits = cli_input.limits(time_limit, memory_limit, seed=0)
    problem = cli_input.problem(source)
    found = None if plan is None else cli_input.plan(plan)
    request = ExplanationRequest(problem=problem, plan=found, limits=limits)
    raise typer.Exit(cli_solve.explain(request, planner_of(server), as_json=json))


@app.command()
def frontier(
    source: options.Source,
    *,
    budget: Annotated[
        str | None, typer.Option(metavar="NAME", help="energy, deadline, memory; accuracy")
    ] = None,
    points: Annotated[int, typer.Option(min=2, max=200, metavar="N")] = 20,
    bandwidths: Annotated[
        str | None, typer.Option(metavar="LIST", help="of a split: 1Mbit/s,8Mbit/s")
    ] = None,
    floors: Annotated[
        str | None, typer.Option(metavar="LIST", help="of a split, in percent: 60,75.8")
    ] = None,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    json: options.Json = False,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Sweep a budget: quality of an expert selection, or what a split's accuracy costs."""
    from api import cli_frontier, cli_input
    from api.cli_planner import planner_of
    from api.cli_solve import Output

    Output(plot=plot).check()
    limits = cli_input.limits(time_limit, memory_limit, seed=0)
    grid = bandwidths, floors
    request = cli_input.frontier(cli_input.problem(source), budget, points, limits, grid)
    planner = planner_of(server)
    raise typer.Exit(cli_frontier.frontier(request, plot, planner, as_json=json))


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def replan(
    source: options.Source,
    plan: options.PlanFile,
    *,
    lost: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="a lost device; may be repeated")
    ] = None,
    slowed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FACTOR", help="a device that takes FACTOR times as long; may be repeated"
        ),
    ] = None,
    migration_weight: Annotated[
        str, typer.Option(metavar="TIME", help="added to the objective per MiB that moves")
    ] = "0 ns",
    mode: Annotated[
        str, typer.Option(metavar="MODE", help="full, or replay: what is lost to its neighbours")
    ] = "full",
    solver: options.Solver = None,
    time_limit: options.Time = "60s",
    memory_limit: options.Memory = "4GiB",
    seed: options.Seed = 0,
    json: options.Json = False,
    events: options.Events = False,
    output: options.Out = None,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Plan anew when devices are lost or slower. Starts from the plan in force."""
    from api import cli_input, cli_replan
    from api.cli_planner import planner_of
    from api.cli_solve import Output
    from api.requests import PlanRequest

    out = Output(json, events, output, plot)
    out.check()
    limits = cli_input.limits(time_limit, memory_limit, seed)
    weight = cli_input.quantity(migration_weight, "nanosecond", "--migration-weight")
    slower = tuple(cli_input.slowed(item) for item in slowed or ())
    problem, old = cli_input.problem(source), cli_input.plan(plan)
    cli_input.check_solver(problem.kind, solver)
    changed = cli_replan.change(problem, old, tuple(lost or ()), slower, weight)
    solver = cli_replan.method(problem.kind, mode, solver)
    request = PlanRequest(problem=changed, limits=limits, solver=solver)
    raise typer.Exit(cli_replan.replan(request, old, out, planner_of(server)))


@app.command()
def simulate(
    source: options.Source,
    plan: options.PlanFile,
    *,
    units: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="how many; enough for the objective")
    ] = None,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TIME", help="a device that stops then; may be repeated"),
    ] = None,
    then: Annotated[
        str | None, typer.Option(metavar="PLAN", help="goes on without those that stop")
    ] = None,
    resume_after: Annotated[
        str, typer.Option(metavar="TIME", help="when it goes on, after the first stop")
    ] = "0 ns",
    shared_medium: Annotated[
        bool, typer.Option("--shared-medium", help="one channel for all transfers")
    ] = False,
    json: options.Json = False,
    plot: options.Plot = None,
    server: options.Server = None,
) -> None:
    """Replay a plan unit by unit: utilisation, formula. For pipelines, tensor partitions."""
    from api import cli_input, cli_simulate
    from api.cli_planner import planner_of

    cli_simulate.check(plot)
    second = None if then is None else cli_input.plan(then)
    setting = cli_simulate.Setting(units, tuple(stop or ()), shared_medium, second, resume_after)
    request = setting.request(cli_input.problem(source), cli_input.plan(plan))
    raise typer.Exit(cli_simulate.simulate(request, planner_of(server), plot, as_json=json))


@app.command()
def instances(json: options.Json = False, server: options.Server = None) -> None:
    """List the shipped instances. With their sizes and best known objectives."""
    from api import cli_data
    from api.cli_planner import planner_of

    raise typer.Exit(cli_data.instances(planner_of(server), as_json=json))


@app.command()
def schema(name: Annotated[str | None, typer.Argument(metavar="NAME")] = None) -> None:
    """Print the JSON Schema of a document, or the names of all."""
    from api import cli_data

    raise typer.Exit(cli_data.print_schema(name))


@app.command()
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


@app.command("import")
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

    given = _given(
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


def _given(**settings: object) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(metavar="HOST", help="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="8000")] = None,
    slots: options.Slots = None,
    db: options.Db = None,
) -> None:
    """Answer HTTP. More settings are read from EDGEPLAN_... (see docs/operations.md)."""
    from api import cli_serve

    raise typer.Exit(cli_serve.serve(_given(host=host, port=port, slots=slots, db=db)))


@app.command()
def worker(db: options.Db = None, slots: options.Slots = None) -> None:
    """Run jobs of a PostgreSQL database that servers on other hosts fill."""
    from api import cli_serve

    raise typer.Exit(cli_serve.worker(_given(slots=slots, db=db)))


keys = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)
app.add_typer(keys, name="keys")


@keys.command("add")
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

    raise typer.Exit(cli_keys.add(_given(db=db), name, scope or ["submit", "read"], max_waiting))


@keys.command("list")
def keys_list(db: options.Db = None) -> None:
    """List the keys by name; none of them can be shown again."""
    from api import cli_keys

    raise typer.Exit(cli_keys.listed(_given(db=db)))


@keys.command("revoke")
def keys_revoke(
    name: Annotated[str, typer.Argument(metavar="NAME")], db: options.Db = None
) -> None:
    """Make a key worthless at once."""
    from api import cli_keys

    raise typer.Exit(cli_keys.revoke(_given(db=db), name))


@app.command()
def doctor() -> None:
    """Check the builds; solve an example by every method."""
    from api import cli_doctor

    raise typer.Exit(cli_doctor.doctor())


app.command()(bench)


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="edgeplan")


if __name__ == "__main__":
    main()
