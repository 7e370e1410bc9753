"""`python -m planner.split_measurements`: what both split kinds take on this machine, as Markdown.

Fleets of 40 and 1,000 cameras with every method beside the price method, with room on the servers
and without; a DAG of 2,000 layers. Times are wall times in this process, of one run.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from models.documents import read_problem
from models.problems import AnyProblem
from models.result import Limits
from models.units import format_quantity
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.split_computing import SplitSpec
from problem_instances.generators.split_fleet import FleetSpec
from solvers.registry import Entry, entries

_SECOND_NS = 10**9
FLEETS = (
    ("40 cameras, 4 uplinks, 2 servers", FleetSpec(seed=1), 10),
    ("40 cameras, servers full", FleetSpec(seed=1, load=60, server_load=60), 10),
    ("1,000 cameras, 10 uplinks, 10 servers", FleetSpec(1, 1000, 10, 10), 60),
    ("1,000 cameras, 50 uplinks, 10 servers", FleetSpec(1, 1000, 50, 10), 60),
    ("1,000 cameras, servers full", FleetSpec(1, 1000, 50, 10, load=60, server_load=60), 60),
)


def main() -> None:
    """Print each table as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    wanted = parser.parse_args().only
    for name, spec, seconds in FLEETS:
        if wanted in name:
            problem = read_problem(generate(spec))
            large = spec.streams > 100
            _say(
                name, problem, list(_methods(problem, exact=("prices",) if large else ())), seconds
            )
    name = "a DAG of 2,000 layers on 2 devices"
    if wanted in name:
        problem = read_problem(generate(SplitSpec(seed=7, layers=2000)))
        _say(name, problem, list(_methods(problem, exact=("mincut", "milp"))), 60)


def _methods(problem: AnyProblem, exact: tuple[str, ...]) -> Iterator[Entry]:
    """All heuristics, and the exact methods named (all where none is)."""
    for method in entries(problem.kind):
        if not method.traits.exact or not exact or method.name in exact:
            yield method


def _say(name: str, problem: AnyProblem, methods: list[Entry], seconds: int) -> None:
    head = "| method | ended | cost | above the bound | time |"
    lines = [f"## {name}", "", f"Time limit {seconds} s.", "", head, "|---|---|---|---|---|"]
    best_bound: int | None = None
    for method in methods:
        solver = method.load()
        begun = time.monotonic_ns()
        claim = solver.solve(problem, Limits(time_limit_ns=seconds * _SECOND_NS))
        wall = format_quantity(time.monotonic_ns() - begun, "ns")
        cost = None if claim.plan is None else verify(problem, claim.plan).objective
        if claim.lower_bound is not None:
            best_bound = max(best_bound or 0, claim.lower_bound)
        gap = "–"
        if cost is not None and best_bound:
            gap = f"{(cost - best_bound) / best_bound:.3%}"
        shown = "no plan" if cost is None else f"{cost:,}"
        lines.append(f"| {method.name} | {claim.reason} | {shown} | {gap} | {wall} |")
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
