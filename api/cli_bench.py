"""edgeplan bench: its options; what it does stands in api/bench_*.py."""

from pathlib import Path
from typing import Annotated

import typer

_Both = tuple[Path, Path]


def bench(  # noqa: PLR0913  # one parameter per option
    suite: Annotated[
        str | None,
        typer.Argument(
            metavar="SUITE",
            help="quick, paper, scale; of public data dnn-partitioning, pipeedge, submodular, "
            "helix, routing",
        ),
    ] = None,
    *,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="only this one; may be repeated")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="of the run; bench-out/SUITE")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="solves at once")] = 1,
    time_limit: Annotated[
        str | None, typer.Option(metavar="TIME", help="of one solve, instead of the suite's")
    ] = None,
    memory_limit: Annotated[str, typer.Option(metavar="SIZE", help="of one solve")] = "4GiB",
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="the first of the problems")] = 1,
    repeat: Annotated[int, typer.Option(min=1, metavar="N", help="runs of each solve")] = 1,
    data: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="of public data; or EDGEPLAN_DATA")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="submit to a service; --jobs at a time")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be run")] = False,
    compare: Annotated[
        _Both | None,
        typer.Option(
            metavar="A B", help="tell regressions of run B; slowdowns below 1.6x may pass"
        ),
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(metavar="FILE", help="renew the tables of gaps in it")
    ] = None,
    pages: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="renew the results in its KIND.md")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(metavar="FILE", help="add a dated entry to it")
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="for ledger and pages")] = "",
) -> None:
    """Measure every method: gaps, proofs, growth. Starting it again continues a stopped run.

    In the folder: report.html, results.csv, results.parquet, summary.md.
    """
    if compare is not None:
        from api import bench_compare

        if suite is not None or kind or readme is not None or pages is not None:
            raise typer.BadParameter("--compare takes two folders of runs and --ledger only")
        raise typer.Exit(bench_compare.tell(*compare, ledger, note))
    if suite is None:
        raise typer.BadParameter("name a SUITE, or give --compare A B")
    from api import bench_run, cli_input
    from planner.benchmark.output import Outputs
    from planner.benchmark.selection import Choice

    choice = Choice(suite, tuple(dict.fromkeys(kind or ())), data)
    limits = cli_input.limits(time_limit or bench_run.time_limit(choice), memory_limit, seed)
    folder = out or Path("bench-out") / suite
    request = bench_run.Request(choice, limits, repeat, jobs, folder, server)
    outputs = Outputs(readme, ledger, note, pages)
    raise typer.Exit(bench_run.dry(request) if dry_run else bench_run.bench(request, outputs))
