"""edgeplan bench SUITE: run it, show how far it is, write what it gave."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import cli_output, fork_server
from api.cli_interrupt import interruptible
from api.cli_planner import planner_of
from api.cli_status import Status
from api.client.line import PATIENCE_S
from models.result import Limits
from planner.benchmark import runner, session
from planner.benchmark.output import Outputs, check, write
from planner.benchmark.record import RecordsError
from planner.benchmark.selection import Choice, SelectionError
from planner.benchmark.session import Session, SessionError, Settings
from planner.benchmark.suites import Chain

_MINUTE_S = 60
# Where there is no terminal: seldom enough for a log.
_LINE_S = 60.0


@dataclass(frozen=True)
class Request:
    """What to run, within which limits, how often and how many at once, and where it is kept."""

    choice: Choice
    limits: Limits
    repetitions: int
    jobs: int
    folder: Path
    server: str | None = None

    @property
    def settings(self) -> Settings:
        """What two runs have in common that can be continued one by the other."""
        return Settings(
            suite=self.choice.suite,
            kinds=self.choice.kinds,
            time_limit_ns=self.limits.time_limit_ns,
            memory_limit_bytes=self.limits.memory_limit_bytes,
            seed=self.limits.seed,
            repetitions=self.repetitions,
            server=self.server is not None,
        )

    def chains(self) -> list[Chain]:
        """What is run. Raises BadParameter."""
        try:
            return list(self.choice.chains(self.limits.seed, self.repetitions))
        except SelectionError as error:
            raise typer.BadParameter(str(error)) from None


def time_limit(choice: Choice) -> str:
    """The time limit of a suite, as an option would say it. Raises BadParameter."""
    try:
        return f"{choice.time_limit_ns}ns"
    except SelectionError as error:
        raise typer.BadParameter(str(error)) from None


def dry(request: Request) -> Status:
    """Say how much a run is, without running it."""
    tasks = [task for chain in request.chains() for step in chain.steps for task in step]
    problems = {(task.case.kind, task.case.instance) for task in tasks}
    methods = {(task.case.kind, task.method.name) for task in tasks}
    sys.stdout.write(
        f"{request.choice.suite}: {len(problems)} problems, {len(methods)} methods, "
        f"at most {len(tasks)} solves of at most {request.limits.time_limit_ns / 1e9:g} s\n"
    )
    return Status.DONE


def bench(request: Request, outputs: Outputs) -> Status:
    """Run what is missing, and write the report of what there is."""
    chains = request.chains()
    if not request.limits.time_limit_ns:
        raise typer.BadParameter("no time to measure anything", param_hint="--time-limit")
    tasks = [task for chain in chains for step in chain.steps for task in step]
    try:
        # Before anything is measured that could then not be written.
        check(outputs, dict.fromkeys(task.case.kind for task in tasks))
    except (OSError, ValueError) as error:
        hint = "--readme, --pages or --ledger"
        raise typer.BadParameter(str(error), param_hint=hint) from None
    try:
        session.begin(request.folder, request.settings)
        measuring = Session(request.folder, request.settings, _runner(request), request.jobs)
    except RecordsError as error:
        raise typer.BadParameter(f"{error}, or give another --out") from None
    except (SessionError, ValueError, OSError) as error:
        raise typer.BadParameter(f"{error}; give another --out") from None
    if request.server is None:
        methods = {task.method.where.partition(":")[0] for task in tasks}
        # Children are forked with all they need: imports would take longer than many a solve.
        fork_server.start(["planner.benchmark.measure", *sorted(methods)])
        fork_server.warm_up()
    with closing(measuring), interruptible() as cancel, _shown(cancel) as listen:
        whole = measuring.run(chains, cancel, listen)
        cases = {task.case for task in tasks}
        measuring.keep(row for case in cases for row in runner.published(case))
    console = cli_output.notes()
    if not whole:
        console.print("stopped; the same command continues")
    for path in write(request.folder, outputs):
        console.print(f"wrote {path}")
    return Status.DONE if whole else Status.INTERRUPTED


def _runner(request: Request) -> runner.Runner:
    """Who measures: this process, or the service."""
    if request.server is None:
        return runner.run
    from api.bench_remote import first_word, runner_of

    planner_of(request.server)  # what is no address is said at once
    silence = first_word(request.server)
    if silence:
        words = f"{silence}; waiting for it up to {PATIENCE_S:g} s"
        cli_output.notes().print(words, soft_wrap=True)
    return runner_of(request.server)


@contextmanager
def _shown(cancel: threading.Event) -> Iterator[session.Listener]:
    """A listener that draws a bar on a terminal, and says a line now and then elsewhere."""
    console = cli_output.notes()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.fields[last]}"),
    )
    if not console.is_terminal:
        yield lines(console, _LINE_S)
        return
    with Progress(*columns, console=console) as bar:
        number = bar.add_task("bench", total=None, left="", last="")

        def listen(found: session.Progress) -> None:
            left = "stopping; Ctrl-C again aborts" if cancel.is_set() else _left(found.left_s)
            bar.update(number, completed=found.done, total=found.total, left=left, last=found.last)

        yield listen


def lines(console: Console, every_s: float) -> session.Listener:
    """A listener that says a line when it is first told something, and then every so often."""
    due = time.monotonic()

    def listen(found: session.Progress) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + every_s
            left = _left(found.left_s)
            words = f"{found.done} of at most {found.total} solves{left and f', {left}'}"
            console.print(words, soft_wrap=True)

    return listen


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < _MINUTE_S:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / _MINUTE_S:.0f} min left"
