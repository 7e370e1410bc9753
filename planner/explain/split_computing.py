"""Explanations of split-computing problems, by solving them with one limit left out.

Each limit in the way is named with the smallest value that it would have to have, found by
minimising what it limits under the other limits: an exact repair, not a guess.
"""

from fractions import Fraction
from math import prod

from models.problems.split_computing import (
    TOTALS,
    Scenario,
    SplitComputingPlan,
    SplitLimits,
    SplitObjective,
)
from models.problems.split_computing import SplitComputingProblem as Problem
from models.result import Breakdown, Verification
from models.units import format_quantity, round_half_up
from planner.explain.clock import Clock, Optimum, TimeUpError, least
from planner.explain.price import known_with_plan, price, standing
from planner.split_scenarios import alone, breakdowns
from planner.verify import verify

_OBJECTIVES = {
    "deadline_ns": SplitObjective.LATENCY,
    "energy_uj": SplitObjective.ENERGY,
    "sent_bytes": SplitObjective.BYTES,
}
_ACCURACY = "accuracy_floor_ppm"
_NO_ACCURACY = (
    "the accuracy floor of {:,} ppm is in the way, and so is every other: without one there are "
    "plans within the other limits, but their losses add up to more than the accuracy"
)
_WHOLE_PPM = 10**6
# More scenarios than this are not gone through one by one.
_MOST = 8


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """The limits in the way, each with the least value at which a plan exists."""
    clock = Clock(time_limit_ns)
    stated = _stated(problem)
    try:
        if not clock.feasible(_without(problem, *stated)):
            return ("no plan is possible even without any limit",)
    except TimeUpError:
        return ("whether a plan is possible without any limit is not known in time",)
    lines: list[str] = []
    single = len(stated)
    for asked, limit in enumerate(stated):
        if limit == _ACCURACY:
            line = _accuracy_line(problem, clock)
        else:
            other = _without(problem, limit, objective=_OBJECTIVES[limit])
            line = _limit_line(problem, limit, clock.optimum(other, single - asked))
        lines += [line] if line is not None else []
    return tuple(lines) or ("no single limit is in the way: at least two have to give",)


def binding(
    problem: Problem, plan: SplitComputingPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, its longest term, what each limit costs, what gates save.

    With scenarios also what the plan costs in each of them, and the best one made for it alone.
    """
    clock = Clock(time_limit_ns)
    stated = _stated(problem)
    shown = breakdowns(problem, plan)[:_MOST]
    questions = len(stated) + len(shown) + (plan.policy is not None)
    here = known_with_plan(clock.optimum(problem, 1 + questions), verdict)
    longest = max(verdict.breakdown.rows, key=lambda row: int(row["latency_ns"]))
    lines = [
        standing(verdict, here, problem.unit),
        f"the longest step is {longest['what']} on {longest['device']}: "
        f"{format_quantity(int(longest['latency_ns']), 'ns')}",
    ]
    for asked, limit in enumerate(stated):
        other = clock.optimum(_without(problem, limit), questions - asked)
        lines.append(price(limit, here, other, problem.unit))
    for asked, (scenario, breakdown) in enumerate(shown):
        best = clock.optimum(alone(problem, scenario), questions - len(stated) - asked)
        lines.append(_scenario_line(problem, scenario, breakdown, best))
    if plan.policy is not None:
        without = clock.optimum(problem.model_copy(update={"policies": ()}))
        lines.append(_policy_line(problem, plan.policy, without))
    return tuple(lines)


def _scenario_line(
    problem: Problem, scenario: Scenario, breakdown: Breakdown, best: Optimum
) -> str:
    """What the plan costs in a scenario, and what is known of the best plan for it alone."""
    cost = breakdown.totals[TOTALS[problem.objective]]
    told = f"in {scenario.name} (weight {scenario.weight}) the plan costs "
    told += format_quantity(cost, problem.unit)
    if best.infeasible:
        return f"{told}; for it alone no plan keeps to the limits"
    if best.high is None or not best.settled:
        return f"{told}; the best plan for it alone is not known in time"
    if best.high >= cost:
        return f"{told}; no plan within the limits is better for it alone"
    return f"{told}; the best for it alone {format_quantity(best.high, problem.unit)}"


def _policy_line(problem: Problem, name: str, without: Optimum) -> str:
    """How many inputs a policy lets through all its gates, and the optimum without any."""
    policy = next(item for item in problem.policies if item.name == name)
    share = prod((Fraction(gate.pass_ppm, 10**6) for gate in policy.gates), start=Fraction(1))
    told = f"{name} lets {format_quantity(round_half_up(share * 10**6), 'ppm')} of the inputs"
    told += " past all its gates"
    if without.infeasible:
        return f"{told}; without gates there is no plan within the limits"
    if without.high is None or not without.settled:
        return f"{told}; the optimum without gates is not known in time"
    return (
        f"{told}; without gates the optimum would be {format_quantity(without.high, problem.unit)}"
    )


def _stated(problem: Problem) -> list[str]:
    """The limits that the problem sets."""
    return [
        limit for limit in (*_OBJECTIVES, _ACCURACY) if getattr(problem.limits, limit) is not None
    ]


def _without(problem: Problem, *limits: str, objective: SplitObjective | None = None) -> Problem:
    relaxed = problem.limits.model_copy(update=dict.fromkeys(limits))
    return _with(problem, relaxed, objective or problem.objective)


def _with(problem: Problem, limits: SplitLimits, objective: SplitObjective) -> Problem:
    return problem.model_copy(update={"limits": limits, "objective": objective})


def _limit_line(problem: Problem, limit: str, found: Optimum) -> str | None:
    """What a limit would have to be; None where it is proved not to be in the way alone.

    found: what is known of the least of what it limits under the other limits.
    """
    if found.infeasible:
        return None
    if found.high is None:
        return f"whether another {limit} is enough is not known in time"
    unit = _with(problem, problem.limits, _OBJECTIVES[limit]).unit
    stated = format_quantity(getattr(problem.limits, limit), unit)
    rest = "all other limits kept" if found.settled else "whether less would is not known in time"
    return (
        f"{limit} of {stated} is too tight: {format_quantity(found.high, unit)} "
        f"({found.high:,} {unit}) would do, {rest}"
    )


def _accuracy_line(problem: Problem, clock: Clock) -> str | None:
    """The highest floor under which a plan exists; None where there is none without one either."""

    def need(loss: int) -> int | None:
        """The loss of a plan that may lose so much, ppm."""
        limits = problem.limits.model_copy(update={_ACCURACY: _WHOLE_PPM - loss})
        lower = _with(problem, limits, problem.objective)
        plan: SplitComputingPlan | None = clock.plan(lower)
        if plan is None:
            return None
        return _WHOLE_PPM - verify(lower, plan).breakdown.totals["accuracy_ppm"]

    floor = problem.limits.accuracy_floor_ppm or 0
    try:
        used = need(_WHOLE_PPM)
        # Losses that add up to more than the accuracy keep to no floor that can be stated.
        other = used is None and clock.feasible(_without(problem, _ACCURACY))
    except TimeUpError:
        return "whether a lower accuracy floor is enough is not known in time"
    if used is None:
        return _NO_ACCURACY.format(floor) if other else None
    found = least(_WHOLE_PPM - floor, used, need)
    rest = "" if found.proved else "; whether more can is not known in time"
    return (
        f"the accuracy floor of {floor:,} ppm is too high: "
        f"{_WHOLE_PPM - found.amount:,} ppm can be had within the other limits{rest}"
    )
