"""Explanations of split-computing problems, by solving them with one limit left out.

Each limit in conflict is named with the smallest value that it would have to have, found by
minimising what it limits under the other limits: an exact repair, not a guess.
"""

import time

from models.problems.split_computing import (
    SplitComputingPlan,
    SplitComputingProblem,
    SplitLimits,
    SplitObjective,
)
from models.result import Claim, Limits, Reason
from models.units import format_quantity
from planner.verify import verify
from solvers.registry import entries

_OBJECTIVES = {
    "deadline_ns": (SplitObjective.LATENCY, "ns"),
    "energy_uj": (SplitObjective.ENERGY, "µJ"),
    "sent_bytes": (SplitObjective.BYTES, "bytes"),
}


def infeasible(problem: SplitComputingProblem, time_limit_ns: int) -> tuple[str, ...]:
    """The limits in the way, each with the least value at which a plan exists."""
    end = time.monotonic_ns() + time_limit_ns * 9 // 10
    limits = problem.limits
    lines = []
    for field, (objective, unit) in _OBJECTIVES.items():
        limit = getattr(limits, field)
        if limit is None:
            continue
        relaxed = _with(problem, limits.model_copy(update={field: None}), objective)
        claim = _solve(relaxed, end)
        if claim is not None and claim.lower_bound is not None and claim.plan is not None:
            least = format_quantity(claim.lower_bound, unit)
            lines.append(
                f"{field} of {format_quantity(limit, unit)} is too tight: "
                f"{least} ({claim.lower_bound:,} {unit}) would do, all other limits kept"
            )
    if limits.accuracy_floor_ppm is not None:
        best = _best_accuracy(problem, end)
        if best is not None:
            lines.append(
                f"the accuracy floor of {limits.accuracy_floor_ppm:,} ppm is too high: "
                f"{best:,} ppm can be had within the other limits"
            )
    return tuple(lines) or ("no single limit can be relaxed to make a plan possible",)


def binding(
    problem: SplitComputingProblem, plan: SplitComputingPlan, time_limit_ns: int
) -> tuple[str, ...]:
    """The plan's longest term, its slack under each limit, and what each limit costs."""
    verdict = verify(problem, plan)
    if verdict.objective is None:
        return tuple(f"{v.rule} is broken at {v.where}" for v in verdict.violations)
    longest = max(verdict.breakdown.rows, key=lambda row: int(row["latency_ns"]))
    lines = [
        f"the longest step is {longest['what']} on {longest['device']}: "
        f"{format_quantity(int(longest['latency_ns']), 'ns')}"
    ]
    end = time.monotonic_ns() + time_limit_ns * 9 // 10
    for field in (*_OBJECTIVES, "accuracy_floor_ppm"):
        if getattr(problem.limits, field) is None:
            continue
        without = problem.limits.model_copy(update={field: None})
        claim = _solve(_with(problem, without, problem.objective), end)
        if claim is None or claim.lower_bound is None:
            lines.append(f"without {field}: not known in time")
        elif claim.lower_bound < verdict.objective:
            better = format_quantity(claim.lower_bound, problem.unit)
            lines.append(f"without {field} the optimum would be {better}")
        else:
            lines.append(f"{field} costs nothing")
    return tuple(lines)


def _with(
    problem: SplitComputingProblem, limits: SplitLimits, objective: SplitObjective
) -> SplitComputingProblem:
    return problem.model_copy(update={"limits": limits, "objective": objective})


def _solve(problem: SplitComputingProblem, end: int) -> Claim[SplitComputingPlan] | None:
    """The first exact method's settled claim, None where time ran out."""
    for entry in entries(problem.kind):
        left = end - time.monotonic_ns()
        if left <= 0 or not entry.traits.exact:
            return None
        claim: Claim[SplitComputingPlan] = entry.load().solve(problem, Limits(time_limit_ns=left))
        if claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE):
            return claim
    return None


def _best_accuracy(problem: SplitComputingProblem, end: int) -> int | None:
    """The highest floor under which a plan exists, by bisection over the distinct losses."""
    low, high = 0, problem.limits.accuracy_floor_ppm or 0
    if not _feasible(problem, low, end):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        feasible = _feasible(problem, middle, end)
        if feasible is None:
            return None
        low, high = (middle, high) if feasible else (low, middle)
    return low


def _feasible(problem: SplitComputingProblem, floor: int, end: int) -> bool | None:
    limits = problem.limits.model_copy(update={"accuracy_floor_ppm": floor})
    claim = _solve(_with(problem, limits, problem.objective), end)
    return None if claim is None else claim.plan is not None
