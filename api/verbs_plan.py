"""The verbs about a problem and its plans. What the options ask for is done in the cli_* files."""

from typing import Annotated

import typer

from api import cli_options as options


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


def validate(source: options.Source, server: options.Server = None) -> None:
    """Read a problem and say what it is, without solving it."""
    from api import cli_input, cli_solve
    from api.cli_planner import planner_of

    raise typer.Exit(cli_solve.validate(cli_input.problem(source), planner_of(server)))


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
