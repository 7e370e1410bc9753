"""`python -m planner.benchmark`: what single kinds have to show, to the terminal and to a folder.

Every method on every kind is `edgeplan bench`; these are the tables that pages of docs/ quote.
"""

import argparse
import sys
from pathlib import Path

from models.result import Limits
from planner.benchmark import (
    expert_balance,
    expert_selection,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    split_computing,
    split_fleet,
    tensor_partition,
)

_SECOND_NS = 10**9
_KINDS = {
    item.KIND: item.tables
    for item in (
        pipeline_partition,
        sequence_pipeline,
        expert_selection,
        split_computing,
        split_fleet,
        tensor_partition,
        pipeline_training,
        expert_balance,
        serving_flow,
    )
}


def main() -> None:
    """Run all tables; prints each as soon as it is done."""
    parser = argparse.ArgumentParser(prog="python -m planner.benchmark", description=__doc__)
    parser.add_argument(
        "--time-limit", type=int, default=60, metavar="SECONDS", help="per solve (default 60)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the generated problems (default 1)")
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="default bench-out")
    parser.add_argument(
        "--kind", choices=_KINDS, action="append", help="only this one; may be given again"
    )
    arguments = parser.parse_args()
    limits = Limits(time_limit_ns=arguments.time_limit * _SECOND_NS, seed=arguments.seed)
    for kind in arguments.kind or _KINDS:
        for table in _KINDS[kind](limits):
            sys.stdout.write(table.to_markdown() + "\n")
            sys.stdout.flush()
            table.write(arguments.out)


if __name__ == "__main__":
    main()
