"""`python -m planner.benchmark.reproductions`: what papers publish, and what comes out here.

The tables of docs/reproductions.md. Those of QUICK take seconds and a test holds the page to them;
those of SLOW (`--slow`) take minutes. `--write PAGE` renews the page between its marks.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from planner.benchmark import (
    edgeshard_fit,
    jupiter,
    jupiter_fit,
    reproduction_asteroid,
    reproduction_edgeshard,
    reproduction_galaxy,
    reproduction_gaps,
    reproduction_recovery,
)
from planner.benchmark.summary import renew
from planner.benchmark.table import Table

Tables = Callable[[], Iterator[Table]]


def _edgeshard() -> Iterator[Table]:
    yield reproduction_edgeshard.table()
    yield reproduction_edgeshard.ratios()
    yield edgeshard_fit.trade_off()


def _galaxy() -> Iterator[Table]:
    yield reproduction_galaxy.table()


def _asteroid() -> Iterator[Table]:
    yield reproduction_asteroid.speed()
    yield reproduction_recovery.table()


def _trade_off() -> Iterator[Table]:
    yield jupiter_fit.trade_off()


def _gaps() -> Iterator[Table]:
    yield reproduction_gaps.table()


# Mark on the page -> its tables.
QUICK: dict[str, Tables] = {
    "jupiter": jupiter.tables,
    "edgeshard": _edgeshard,
    "galaxy": _galaxy,
    "asteroid": _asteroid,
}
SLOW: dict[str, Tables] = {"trade-off": _trade_off, "planners": _gaps}


def mark(name: str) -> str:
    """What stands in the page's comment around a set of tables."""
    return f"reproductions: {name}"


def block(tables: Iterator[Table]) -> str:
    """Tables as they stand on the page, each under its sentence instead of a heading."""
    return "\n\n".join(table.to_markdown().split("\n", 2)[2].strip() for table in tables)


def main() -> None:
    """Print the tables, or renew a page."""
    parser = argparse.ArgumentParser(
        prog="python -m planner.benchmark.reproductions", description=__doc__
    )
    parser.add_argument("--slow", action="store_true", help="also what takes minutes")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="renew this page")
    arguments = parser.parse_args()
    for name, tables in (QUICK | SLOW if arguments.slow else QUICK).items():
        if arguments.write is None:
            for table in tables():
                sys.stdout.write(table.to_markdown() + "\n")
                sys.stdout.flush()
        else:
            page = arguments.write.read_text(encoding="utf-8")
            arguments.write.write_text(renew(page, mark(name), block(tables())), encoding="utf-8")


if __name__ == "__main__":
    main()
