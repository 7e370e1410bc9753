"""edgeplan doctor: the builds at hand, and whether every method still answers rightly."""

import platform
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from rich import box
from rich.table import Table

from api import cli_output, fork_server
from api.cli_status import Status
from api.examples import EXAMPLES
from api.probe import probe
from models.units import format_quantity
from solvers.registry import entries

PACKAGES = (
    "edgeplan",
    "highspy",
    "ortools",
    "pyomo",
    "numpy",
    "networkx",
    "pydantic",
    "fastapi",
    "uvicorn",
    "matplotlib",
)


def bad_builds(versions: Mapping[str, str | None]) -> dict[str, str]:
    """Package -> why its build is known to be bad; highspy 1.12.0 is the one that is tested."""
    found = {}
    highspy = versions.get("highspy")
    if highspy is not None and _number(highspy) == (1, 14):
        found["highspy"] = "answers three tiny MIPs wrongly with status Optimal; use 1.12.0"
    if highspy is not None and _number(highspy) >= (1, 15) and versions.get("ortools"):
        found["highspy"] = "cannot be imported beside ortools, both ship libhighs.so.1; use 1.12.0"
    found |= {name: "is not installed" for name in PACKAGES[1:] if versions.get(name) is None}
    return found


def worked_around(versions: Mapping[str, str | None]) -> dict[str, str]:
    """Package -> a fault of its build that edgeplan keeps clear of (solvers/backends)."""
    found = {}
    ortools, highspy = versions.get("ortools"), versions.get("highspy")
    if ortools is not None and _number(ortools) == (9, 15):
        found["ortools"] = (
            "CP-SAT's presolve loses 64-bit sums (google/or-tools #5293); "
            "edgeplan switches off the two steps at fault"
        )
    if highspy is not None and _number(highspy) == (1, 12):
        found["highspy"] = (
            "presolve fails on tiny infeasible programs; edgeplan solves these again without it, "
            "and checks 'optimal' and 'infeasible' in integers"
        )
    return found


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


def installed(name: str) -> str | None:
    """The version of a package, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


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


def _number(text: str) -> tuple[int, ...]:
    """Major and minor number of a version."""
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column == "time" else "left")
    return table
