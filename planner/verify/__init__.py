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
    serving_flow,
    split_computing,
    split_fleet,
)

_BY_KIND: dict[str, Callable[[Any, Any], Verification]] = {
    "dag_partition": dag_partition.verify,
    "pipeline_partition": pipeline_partition.verify,
    "split_computing": split_computing.verify,
    "split_fleet": split_fleet.verify,
    "expert_selection": expert_selection.verify,
    "offload_placement": offload_placement.verify,
    "expert_balance": expert_balance.verify,
    "serving_flow": serving_flow.verify,
}


def verify(problem: AnyProblem, plan: AnyPlan) -> Verification:
    """Violations of a plan, or its recomputed objective in the kind's integer unit."""
    if plan.kind != problem.kind:
        wrong = Violation(rule="kind", where=f"a plan for {plan.kind}, not for {problem.kind}")
        return Verification(violations=(wrong,))
    return _BY_KIND[problem.kind](problem, plan)
