"""Explanations of tensor partitions: what memory, a rule or the ways to split cost."""

from collections.abc import Callable

from models.problems.tensor_partition import TensorMode, TensorPartitionPlan
from models.problems.tensor_partition import TensorPartitionProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.relaxing import MEMORY, costs, share_of, without_a_plan

_UNIT = "ns"


def _grown(problem: Problem, percent: int) -> Problem:
    devices = tuple(
        member.model_copy(update={"memory_bytes": member.memory_bytes * percent // 100})
        for member in problem.devices
    )
    return problem.model_copy(update={"devices": devices})


def _roomy(problem: Problem) -> Problem:
    whole = problem.layers * (problem.attention_bytes + problem.mlp_bytes)
    devices = tuple(m.model_copy(update={"memory_bytes": whole}) for m in problem.devices)
    return problem.model_copy(update={"devices": devices})


def _rules(problem: Problem) -> dict[str, Callable[[Problem], Problem]]:
    """The rules that the problem sets, each with the problem without it."""
    found: dict[str, Callable[[Problem], Problem]] = {}
    if _roomy(problem) != problem:
        found[MEMORY] = _roomy
    if problem.use_all_devices:
        found["use_all_devices"] = lambda p: p.model_copy(update={"use_all_devices": False})
    if set(problem.modes) < set(TensorMode):
        found["modes"] = lambda p: p.model_copy(update={"modes": tuple(TensorMode)})
    return found


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """A smallest set of rules in conflict, and the memory with which there is a plan."""
    return without_a_plan(problem, _rules(problem), _grown, time_limit_ns)


def binding(
    problem: Problem, plan: TensorPartitionPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, which device each part waits for, and what each rule costs."""
    lines = costs(problem, _rules(problem), verdict, time_limit_ns, _UNIT)
    totals = verdict.breakdown.totals
    waiting = share_of(totals["waiting_for_transfers_ns"], totals["latency_ns"])
    lines.append(f"transfers that nothing hides take {waiting} in the mode {plan.mode}")
    rows = verdict.breakdown.rows
    for column, part in (("attention_ns", "MHA"), ("mlp_ns", "MLP"), ("connective_ns", "CON")):
        slowest = max(rows, key=lambda row: int(row[column]))
        time = format_quantity(int(slowest[column]), _UNIT)
        lines.append(f"{part} of a layer waits for {slowest['device']}: {time}")
    return tuple(lines)
