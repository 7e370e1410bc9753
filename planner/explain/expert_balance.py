"""Explanations of expert placement: missing slots, and what each layer waits for."""

import time
from fractions import Fraction

from models.problems.expert_balance import (
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
)
from models.result import Limits, Verification
from models.units import format_quantity
from planner.bounds.expert_balance import layer_bound
from planner.verify import verify
from solvers.registry import entry

# Layers named, the worst ones first.
_MOST = 8


def infeasible(problem: ExpertBalanceProblem, time_limit_ns: int) -> tuple[str, ...]:
    """How many slots are missing and where, or how much slack hops would need."""
    missing = _missing(problem)
    if missing or problem.objective is BalanceObjective.TIME:
        return tuple(missing) or ("no explanation within the time limit",)
    return (_slack(problem, time_limit_ns),)


def _missing(problem: ExpertBalanceProblem) -> list[str]:
    if not problem.hierarchical:
        lacking = problem.experts - problem.slots
        text = f"{problem.experts} experts need a slot each, there are {problem.slots}"
        return [f"{text}: {lacking} more would do"] if lacking > 0 else []
    each = problem.experts // len(problem.nodes)
    found = []
    for node in problem.nodes:
        slots = sum(device.slots for device in problem.devices if device.node == node)
        if slots < each:
            text = f"{node} has {slots} slots for the {each} experts of its groups"
            found.append(f"{text}: {each - slots} more would do")
    return found


def _slack(problem: ExpertBalanceProblem, time_limit_ns: int) -> str:
    """The least slack in permille with which a placement is known, by bisection."""
    begun = time.monotonic_ns()
    method = entry(problem.kind, "milp")
    low, high = problem.balance_slack_ppm // 1000, 1000
    while method is not None and high - low > 1:
        left = time_limit_ns * 9 // 10 - (time.monotonic_ns() - begun)
        middle = (low + high) // 2
        wider = problem.model_copy(update={"balance_slack_ppm": middle * 1000})
        claim = method.load().solve(wider, Limits(time_limit_ns=max(0, left)))
        if claim.plan is None and left <= 0:
            break
        low, high = (low, middle) if claim.plan is not None else (middle, high)
    return f"no placement is in balance; a slack of {high / 10:.1f} % is enough"


def binding(
    problem: ExpertBalanceProblem,
    _plan: ExpertBalancePlan,
    verdict: Verification,
    time_limit_ns: int,
) -> tuple[str, ...]:
    """The layers furthest from their bound, and what EPLB's placement costs."""
    lines = [] if problem.objective is BalanceObjective.HOPS else _layers(problem, verdict)
    method = entry(problem.kind, "eplb")
    limits = Limits(time_limit_ns=time_limit_ns)
    other = None if method is None else method.load().solve(problem, limits).plan
    theirs = None if other is None else verify(problem, other).objective
    if theirs is not None:
        amount = format_quantity(theirs, problem.unit)
        ratio = Fraction(theirs, max(1, verdict.objective or 0))
        lines.append(f"EPLB's placement costs {amount}, {float(ratio):.4f} times this one")
    return tuple(lines) or ("nothing binds",)


def _layers(problem: ExpertBalanceProblem, verdict: Verification) -> list[str]:
    rows = verdict.breakdown.rows
    found = []
    for row in rows:
        layer, taken = int(row["layer"]), int(row["time_ns"])
        bound = layer_bound(problem, layer)
        if problem.tail_weight == 0 and taken > bound:
            held = row.get("held_out_ppm")
            beside = "" if held is None else f", {int(held) / 10**6:.4f} held out"
            text = (
                f"layer {layer} takes {format_quantity(taken, 'ns')}, at least "
                f"{format_quantity(bound, 'ns')}; max/mean "
                f"{int(row['max_over_mean_ppm']) / 10**6:.4f}{beside}"
            )
            found.append((Fraction(bound - taken, max(1, taken)), layer, text))
    found.sort()
    named = [text for _, _, text in found[:_MOST]]
    at_bound = len(rows) - len(found)
    if problem.tail_weight == 0 and at_bound:
        named.append(f"{at_bound} of {len(rows)} layers take no more than their bound")
    return named
