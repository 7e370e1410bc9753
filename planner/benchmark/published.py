"""`python -m planner.benchmark.published`: public instances beside their published figures.

Reads the folders `dnn_partitioning`, `pipeedge`, `submodular` and `helix` under the folder given by
--data, or else the one that EDGEPLAN_DATA names; what is absent is said and left out.
"""

import argparse
import sys
from pathlib import Path

from models.result import Limits
from planner.benchmark import dag_partition, pipeedge, serving_flow, submodular
from problem_instances.readers import VARIABLE, data_folder

_SOURCES = {
    "dnn_partitioning": dag_partition.tables,
    "pipeedge": pipeedge.tables,
    "submodular": submodular.tables,
    "helix": serving_flow.published,
}


def main() -> None:
    """All tables to the terminal and, as JSON and CSV, to a folder."""
    parser = argparse.ArgumentParser(prog="python -m planner.benchmark.published")
    parser.add_argument("--data", type=Path, help=f"default: the folder that {VARIABLE} names")
    parser.add_argument(
        "--source", choices=_SOURCES, action="append", help="only this one; may be given again"
    )
    parser.add_argument("--time-limit", type=int, default=60, help="seconds per problem")
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    arguments = parser.parse_args()
    folder = data_folder(arguments.data)
    if folder is None:
        parser.error(f"no folder of public data: give --data, or set {VARIABLE}")
    limits = Limits(time_limit_ns=arguments.time_limit * 10**9)
    for source in arguments.source or _SOURCES:
        tables = _SOURCES[source]
        if not (folder / source).is_dir():
            sys.stdout.write(f"{folder} has no {source}\n")
            continue
        for table in tables(folder / source, limits):
            sys.stdout.write(table.to_markdown() + "\n")
            sys.stdout.flush()
            table.write(arguments.out)


if __name__ == "__main__":
    main()
