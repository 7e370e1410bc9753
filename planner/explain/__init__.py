"""Answers to "why": what binds a plan, and what stands in the way of any."""

from typing import Any

from models.problems import AnyPlan, AnyProblem
from planner.explain import (
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
from planner.explain.words import broken
from planner.verify import verify

_BY_KIND: dict[str, Any] = {
    "dag_partition": dag_partition,
    "pipeline_partition": pipeline_partition,
    "sequence_pipeline": sequence_pipeline,
    "split_computing": split_computing,
    "split_fleet": split_fleet,
    "expert_selection": expert_selection,
    "offload_placement": offload_placement,
    "expert_balance": expert_balance,
    "tensor_partition": tensor_partition,
    "pipeline_training": pipeline_training,
    "serving_flow": serving_flow,
}


def infeasible(problem: AnyProblem, time_limit_ns: int) -> tuple[str, ...]:
    """Lines that name a smallest set of rules in conflict, and the smallest repairs."""
    lines: tuple[str, ...] = _BY_KIND[problem.kind].infeasible(problem, time_limit_ns)
    return lines


def refused(problem: AnyProblem, plan: AnyPlan) -> tuple[str, ...]:
    """Lines that name the rules that a plan breaks; none for a plan that keeps to all."""
    return tuple(broken(violation) for violation in verify(problem, plan).violations)


def binding(problem: AnyProblem, plan: AnyPlan, time_limit_ns: int) -> tuple[str, ...]:
    """Lines that name what limits a plan and what each rule costs, or the rules that it breaks."""
    verdict = verify(problem, plan)
    if verdict.objective is None:
        return refused(problem, plan)
    lines: tuple[str, ...] = _BY_KIND[problem.kind].binding(problem, plan, verdict, time_limit_ns)
    return lines
