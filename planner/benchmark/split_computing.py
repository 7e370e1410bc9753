"""Splits: the exact methods on a DAG of 2,000 layers."""

from collections.abc import Iterator

from models.documents import read_problem
from models.result import Limits
from planner.benchmark.measure import measure
from planner.benchmark.table import Table
from problem_instances.generate import generate
from problem_instances.generators.split_computing import SplitSpec
from solvers.registry import entries

KIND = "split_computing"
_LAYERS = 2000


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _large_dag(limits)


def _large_dag(limits: Limits) -> Table:
    """All methods but the labels and CP-SAT, which are not for wide DAGs of this size."""
    table = Table("split of a large DAG", f"{_LAYERS:,} layers on 2 devices, generated, seed 7.")
    problem = read_problem(generate(SplitSpec(seed=7, layers=_LAYERS)))
    for method in entries(KIND):
        if method.name in ("dp", "cpsat"):
            continue
        run = measure(problem, method, limits)
        table.add(
            {
                "method": method.name,
                "end": run.outcome.claim.reason.value,
                "cost_ns": run.outcome.objective,
                "bound_ns": run.outcome.lower_bound,
                "time_ns": run.outcome.wall_ns,
            }
        )
    return table
