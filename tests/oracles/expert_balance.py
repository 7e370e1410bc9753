"""Every placement of a tiny problem, priced by the verifier; each layer alone for time."""

from collections.abc import Iterator
from itertools import combinations_with_replacement, product

from models.problems.expert_balance import (
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
)
from planner.verify import verify


def _rows(problem: ExpertBalanceProblem) -> Iterator[tuple[int, ...]]:
    """All maps of one layer, sorted inside each device."""
    each = [
        combinations_with_replacement(range(problem.experts), device.slots)
        for device in problem.devices
    ]
    for parts in product(*each):
        yield tuple(expert for part in parts for expert in part)


def plans(problem: ExpertBalanceProblem) -> Iterator[ExpertBalancePlan]:
    """All maps of all layers."""
    for rows in product(list(_rows(problem)), repeat=problem.layers):
        yield ExpertBalancePlan(physical_to_logical_map=rows)


def _alone(problem: ExpertBalanceProblem, layer: int) -> ExpertBalanceProblem:
    """The problem of one layer."""
    before = problem.previous
    if before is not None:
        row = before.physical_to_logical_map[layer]
        before = before.model_copy(update={"physical_to_logical_map": (row,)})
    windows = tuple(
        window.model_copy(update={"loads": (window.loads[layer],)}) for window in problem.windows
    )
    changes = {"windows": windows, "held_out": (), "transitions": None, "previous": before}
    return problem.model_copy(update=changes)


def optimum(problem: ExpertBalanceProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    if problem.objective is BalanceObjective.HOPS:
        return _least(problem)
    parts = [_least(_alone(problem, layer)) for layer in range(problem.layers)]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _least(problem: ExpertBalanceProblem) -> int | None:
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
