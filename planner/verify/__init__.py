"""The independent check of plans: imports the nouns and the standard library, nothing else."""

from collections.abc import Callable
from typing import Any

from models.problems import AnyPlan, AnyProblem
from models.result import Verification, Violation
from planner.verify import (
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

_BY_KIND: dict[str, Callable[[Any, Any], Verification]] = {
    "dag_partition": dag_partition.verify,
    "pipeline_partition": pipeline_partition.verify,
    "sequence_pipeline": sequence_pipeline.verify,
    "split_computing": split_computing.verify,
    "split_fleet": split_fleet.verify,
    "expert_selection": expert_selection.verify,
    "offload_placement": offload_placement.verify,
    "expert_balance": expert_balance.verify,
    "pipeline_training": pipeline_training.verify,
    "tensor_partition": tensor_partition.verify,
    "serving_flow": serving_flow.verify,
}


def verify(problem: AnyProblem, plan: AnyPlan) -> Verification:
    """Violations of a plan, or its recomputed objective in the kind's integer unit."""
    if plan.kind != problem.kind:
        wrong = Violation(rule="kind", where=f"a plan for {plan.kind}, not for {problem.kind}")
        return Verification(violations=(wrong,))
    return _BY_KIND[problem.kind](problem, plan)
