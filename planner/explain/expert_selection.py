"""Explanations of expert selections, by searching them with budgets left out.

Branch, reduce and bound decides each variant exactly: a budget is said to suffice only where a plan
was found, and to be too small only where the search proved that there is none.
"""

from models.problems.expert_selection import ExpertSelectionPlan
from models.problems.expert_selection import ExpertSelectionProblem as Problem
from models.problems.expert_selection_modes import QualityModel
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import TimeUpError, least
from planner.explain.expert_selection_budgets import Budget, budgets_of, roomy
from planner.explain.expert_selection_search import SearchClock
from planner.explain.expert_selection_unanswered import unanswered
from planner.explain.price import NOTHING, known_with_plan, price, standing

_UNIT = "ppm"


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """Clusters that nobody answers in time, or else the budgets in the way and what would do."""
    lines = unanswered(problem)
    if lines:
        return lines
    clock = SearchClock(time_limit_ns)
    budgets = budgets_of(problem)
    try:
        if not clock.possible(roomy(problem, budgets)):
            return ("no plan is possible even without any budget",)
    except TimeUpError:
        return ("whether a plan is possible without any budget is not known in time",)
    repairs = _repairs(problem, budgets, clock)
    if repairs:
        return repairs
    names = ", ".join(budget.name for budget in budgets)
    if problem.quality_model is QualityModel.TABLE:
        return (f"no measured selection keeps to all budgets together (budgets: {names})",)
    return (f"no single budget is in the way alone: at least two have to grow (budgets: {names})",)


def _repairs(problem: Problem, budgets: list[Budget], clock: SearchClock) -> tuple[str, ...]:
    """A line per budget that alone would do, and one where time ran out."""
    lines: list[str] = []
    for budget in budgets:
        try:
            line = _repair(problem, budget, clock)
        except TimeUpError:
            return (*lines, "the time limit ended the search for further repairs")
        lines += [line] if line is not None else []
    return tuple(lines)


def _repair(problem: Problem, budget: Budget, clock: SearchClock) -> str | None:
    """The least limit of one budget with which a plan exists; None where proved that none does.

    Raises TimeUpError.
    """

    def need(limit: int) -> int | None:
        return limit if clock.possible(budget.at(problem, limit)) else None

    if budget.largest <= budget.limit or need(budget.largest) is None:
        return None
    found = least(budget.limit, budget.largest, need)
    enough, have = (format_quantity(v, budget.unit) for v in (found.amount, budget.limit))
    rest = "" if found.proved else "; whether less would is not known in time"
    return f"{budget.name}: {have} are too little by themselves; {enough} would do{rest}"


def binding(
    problem: Problem, _plan: ExpertSelectionPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, and what each budget costs in shortfall."""
    clock = SearchClock(time_limit_ns)
    budgets = [budget for budget in budgets_of(problem) if budget.largest > budget.limit]
    here = known_with_plan(clock.optimum(problem, 1 + len(budgets)), verdict)
    lines = [standing(verdict, here, _UNIT)]
    if problem.routing_is_decided and problem.energy_limit_uj is not None:
        used = verdict.breakdown.totals["energy_uj"]
        amounts = [format_quantity(energy, "uj") for energy in (used, problem.energy_limit_uj)]
        lines.append(f"energy: {' used of '.join(amounts)}")
    free: list[str] = []
    for asked, budget in enumerate(budgets):
        other = clock.optimum(budget.at(problem, budget.largest), len(budgets) - asked)
        limit = format_quantity(budget.limit, budget.unit)
        line = price(f"{budget.name}, at most {limit},", here, other, _UNIT)
        if line.endswith(NOTHING):
            free.append(budget.name)
        else:
            lines.append(line)
    if free:
        lines.append(f"budgets that cost nothing: {', '.join(free)}")
    if not budgets:
        lines.append("no budget binds: every expert could be in service")
    return tuple(lines)
