"""From a plan in force to a problem with changed devices that remembers the plan."""

from typing import Any

from models.problems import AnyPlan, AnyProblem
from planner.replan import (
    expert_balance,
    expert_selection,
    offload_placement,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    split_fleet,
    tensor_partition,
)
from planner.replan.move import ChangeError, Move

__all__ = ["ChangeError", "Move", "changed", "moves"]

_BY_KIND: dict[str, Any] = {
    "pipeline_partition": pipeline_partition,
    "expert_selection": expert_selection,
    "offload_placement": offload_placement,
    "expert_balance": expert_balance,
    "split_fleet": split_fleet,
    "pipeline_training": pipeline_training,
    "tensor_partition": tensor_partition,
    "serving_flow": serving_flow,
    "sequence_pipeline": sequence_pipeline,
}


def changed(
    problem: AnyProblem,
    plan: AnyPlan,
    lost: tuple[str, ...] = (),
    slowed: tuple[tuple[str, str], ...] = (),
    ns_per_mib: int = 0,
) -> AnyProblem:
    """The problem without the `lost` devices and with others `slowed`, to be planned from `plan`.

    Of a fleet, servers may be lost and servers or uplinks slowed.

    slowed: (device, factor as text, such as "2" or "1.5"); ns_per_mib: price of moving weights.
    Raises ChangeError.
    """
    if problem.kind not in _BY_KIND:
        raise ChangeError(f"plans for {problem.kind} are not replanned: change the problem instead")
    if plan.kind != problem.kind:
        raise ChangeError(f"the plan in force is one for {plan.kind}, not for {problem.kind}")
    result: AnyProblem = _BY_KIND[problem.kind].changed(problem, plan, lost, slowed, ns_per_mib)
    return result


def moves(problem: AnyProblem, before: AnyPlan, after: AnyPlan) -> tuple[Move, ...]:
    """What devices have to load to get from the plan in force to another, largest pieces whole."""
    if problem.kind not in _BY_KIND:
        raise ChangeError(f"moves between plans for {problem.kind} are not counted")
    found: tuple[Move, ...] = _BY_KIND[problem.kind].moves(problem, before, after)
    return found
