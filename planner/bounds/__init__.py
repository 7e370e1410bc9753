"""Lower bounds from the raw instance, without any solver: what `checked` proofs rest on."""

from collections.abc import Callable
from typing import Any

from models.problems import AnyProblem
from planner.bounds import (
    dag_partition,
    expert_selection,
    offload_placement,
    pipeline_partition,
    split_computing,
    split_fleet,
)

_BY_KIND: dict[str, Callable[[Any], int | None]] = {
    "dag_partition": dag_partition.lower_bound,
    "pipeline_partition": pipeline_partition.lower_bound,
    "split_computing": split_computing.lower_bound,
    "split_fleet": split_fleet.lower_bound,
    "expert_selection": expert_selection.lower_bound,
    "offload_placement": offload_placement.lower_bound,
}


def lower_bound(problem: AnyProblem) -> int | None:
    """No plan of the problem costs less, in the kind's integer unit; None where none is known."""
    return _BY_KIND[problem.kind](problem)
