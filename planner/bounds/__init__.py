"""Lower bounds from the raw instance, without any solver: what `checked` proofs rest on."""

from collections.abc import Callable
from typing import Any

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Limits, Reason
from planner.bounds import (
    dag_partition,
    expert_balance,
    expert_selection,
    offload_placement,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    split_computing,
    split_fleet,
    tensor_partition,
)
from solvers.base import Progress, Traits
from solvers.registry import Entry

COMBINATORIAL = "combinatorial"

_BY_KIND: dict[str, Callable[[Any], int | None]] = {
    "dag_partition": dag_partition.lower_bound,
    "pipeline_partition": pipeline_partition.lower_bound,
    "sequence_pipeline": sequence_pipeline.lower_bound,
    "split_computing": split_computing.lower_bound,
    "split_fleet": split_fleet.lower_bound,
    "expert_selection": expert_selection.lower_bound,
    "offload_placement": offload_placement.lower_bound,
    "expert_balance": expert_balance.lower_bound,
    "pipeline_training": pipeline_training.lower_bound,
    "tensor_partition": tensor_partition.lower_bound,
    "serving_flow": serving_flow.lower_bound,
}


def lower_bound(problem: AnyProblem) -> int | None:
    """No plan of the problem costs less, in the kind's integer unit; None where none is known."""
    return _BY_KIND[problem.kind](problem)


class Combinatorial:
    """The bound as a method, so that it is computed beside the others and under their limits."""

    name = COMBINATORIAL

    def solve(
        self,
        problem: AnyProblem,
        limits: Limits,
        hint: AnyPlan | None = None,
        report: Progress[AnyPlan] | None = None,
    ) -> Claim[AnyPlan]:
        """A claim without a plan; takes as long as it takes."""
        del limits, hint, report  # there is no way to stop half-way with half a bound
        return Claim(COMBINATORIAL, Reason.HEURISTIC, lower_bound=lower_bound(problem))


ENTRY = Entry(
    COMBINATORIAL,
    f"{__name__}:{Combinatorial.__name__}",
    Traits(exact=False, bounds=True, deterministic=True, family=COMBINATORIAL),
    "a bound from the problem itself, without a solver",
)
