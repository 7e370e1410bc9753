"""edgeplan doctor: the builds at hand, and whether every method still answers rightly."""

import platform
import time

from rich import box
from rich.table import Table

from api import cli_output, fork_server
from api.builds import PACKAGES, bad_builds, installed, worked_around
from api.cli_status import Status
from api.examples import EXAMPLES
from api.probe import probe
from models.units import format_quantity
from solvers.registry import entries


def doctor() -> Status:
    """Say which builds there are and solve the examples by every method, each in a child."""
    console = cli_output.answers()
    versions = {name: installed(name) for name in PACKAGES}
    notes = {name: f"note: {fault}" for name, fault in worked_around(versions).items()}
    notes |= {name: f"warning: {fault}" for name, fault in bad_builds(versions).items()}
    builds = _table("package", "version", "")
    builds.add_row("python", platform.python_version(), "")
    for name, found in versions.items():
        builds.add_row(name, found or "-", notes.get(name, ""))
    console.print(builds)
    fork_server.start(fork_server.methods())
    methods, healthy = _methods()
    console.print(methods)
    console.print("every method answers rightly" if healthy else "some methods fail")
    return Status.DONE if healthy else Status.INTERNAL


def _methods() -> tuple[Table, bool]:
    table = _table("kind", "method", "verdict", "answer", "time")
    healthy = True
    for kind in EXAMPLES:
        for method in entries(kind):
            begun = time.monotonic_ns()
            verdict = probe(kind, method)
            took = format_quantity(time.monotonic_ns() - begun, "ns")
            judged = "right" if verdict.right else "WRONG"
            table.add_row(kind, method.name, judged, verdict.words, took)
            healthy = healthy and verdict.right
    return table, healthy


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column == "time" else "left")
    return table
