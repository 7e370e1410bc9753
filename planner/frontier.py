"""Quality against a budget by the ε-constraint method: the best plan at every level, exact.

The sweep goes from the largest level down. A plan that keeps to the next level, and is worth the
same there, is the best there too, because fewer plans are allowed: such points cost nothing. The
others are solved anew, with the objective of the level above as a bound that still holds. (Haimes,
Lasdon and Wismer, IEEE Trans. Systems, Man, and Cybernetics 1, 1971, for the method.)
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from models.frontier import Budget, Frontier, FrontierPoint
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.result import Limits, Reason
from planner.verify import verify
from solvers.base import Asking
from solvers.registry import entries

Problem = ExpertSelectionProblem
Plan = ExpertSelectionPlan
_UNITS = {Budget.ENERGY: "uj", Budget.DEADLINE: "ns", Budget.MEMORY: "bytes"}
# Beyond every use: what a budget is set to, to see what a plan without it would use.
_PLENTY = {Budget.ENERGY: 10**15, Budget.DEADLINE: 10**14, Budget.MEMORY: 2**60}


class FrontierError(ValueError):
    """A sweep that makes no sense for the problem."""


@dataclass(frozen=True)
class _Solved:
    """The answer at one level."""

    plan: Plan | None
    objective: int | None
    lower_bound: int | None
    infeasible: bool

    @property
    def proved(self) -> bool:
        """Whether nothing better exists."""
        return self.infeasible or (
            self.objective is not None and self.objective == self.lower_bound
        )


def never() -> bool:
    """Of a sweep that nobody stops."""
    return False


def frontier(
    problem: Problem,
    budget: Budget,
    points: int = 20,
    limits: Limits | None = None,
    stopped: Callable[[], bool] = never,
) -> Frontier:
    """The frontier at equally spaced levels, up to what the plan without the budget uses.

    limits: of the whole sweep; each point gets an equal part of what is left of the time.
    stopped: asked between points and within them; then the frontier has those found so far.
    Raises FrontierError for fewer than two points or where no plan exists without the budget.
    """
    limits = limits or Limits()
    begun = time.monotonic_ns()
    if points < 2:
        raise FrontierError("a frontier has two points or more")
    if budget not in _UNITS:
        raise FrontierError(f"an expert selection has no budget '{budget}'")
    free = _solve(_at(problem, budget, _most(problem, budget)), limits, points + 1, stopped)
    if free.plan is None and not stopped():
        raise FrontierError("no plan was found even without the budget")
    top = 1 if free.plan is None else max(1, _used(problem, budget, free.plan))
    levels = sorted({max(1, top * step // points) for step in range(1, points + 1)})
    found: list[FrontierPoint] = []
    last = free
    for number, level in enumerate(reversed(levels)):
        if stopped():
            break
        here = _at(problem, budget, level)
        # Accepted is not enough: where late experts are not asked, the plan may be worth less.
        kept = None if last.plan is None else verify(here, last.plan).objective
        reused = last.proved and kept is not None and kept == last.objective
        if not reused and not last.infeasible:
            left = limits.time_limit_ns - (time.monotonic_ns() - begun)
            part = limits.model_copy(update={"time_limit_ns": max(1, left)})
            last = _above(_solve(here, part, len(levels) - number, stopped), last)
        found.append(_point(here, level, last, reused=reused))
    wall_ns = time.monotonic_ns() - begun
    return Frontier(
        budget=budget,
        limit_unit=_UNITS[budget],
        unit="ppm",
        points=_marked(found[::-1]),
        stopped=stopped(),
        wall_ns=wall_ns,
    )


def swept(
    problem: Problem, budget: Budget, points: int, limits: Limits, stopped: Callable[[], bool]
) -> Frontier | str:
    """The frontier, or the reason why there is none; for calls into a child."""
    try:
        return frontier(problem, budget, points, limits, stopped)
    except FrontierError as error:
        return str(error)


def _most(problem: Problem, budget: Budget) -> int:
    """A level that does not bind and that the problem's sums can hold."""
    if budget is not Budget.ENERGY:
        return _PLENTY[budget]
    return min(_PLENTY[budget], 2**59 // problem.total_weight)


def _at(problem: Problem, budget: Budget, level: int) -> Problem:
    """The problem with the budget at a level."""
    if budget is Budget.ENERGY:
        return problem.model_copy(update={"energy_limit_uj": level})
    if budget is Budget.DEADLINE:
        categories = sorted({cluster.category for cluster in problem.clusters})
        return problem.model_copy(update={"deadline_ns": dict.fromkeys(categories, level)})
    graph = problem.device_graph
    devices = tuple(d.model_copy(update={"memory_bytes": level}) for d in graph.devices)
    changed = graph.model_copy(update={"devices": devices})
    return problem.model_copy(update={"device_graph": changed})


def _used(problem: Problem, budget: Budget, plan: Plan) -> int:
    """The least level at which a plan is allowed and asks the same experts."""
    if budget is Budget.MEMORY:
        held: dict[str, int] = {}
        for expert in problem.experts:
            if expert.name in plan.experts:
                held[expert.device] = held.get(expert.device, 0) + expert.memory_bytes
        return max(held.values(), default=0)
    breakdown = verify(_at(problem, budget, _most(problem, budget)), plan).breakdown
    if budget is Budget.ENERGY:
        return breakdown.totals["energy_uj"]
    return max(int(row["slowest_ns"]) for row in breakdown.rows)


def _solve(problem: Problem, limits: Limits, share: int, stopped: Callable[[], bool]) -> _Solved:
    """The first method that takes the problem, with one share of the time."""
    part = limits.model_copy(update={"time_limit_ns": max(1, limits.time_limit_ns // share)})
    for entry in entries(problem.kind):
        claim = entry.load().solve(problem, part, None, Asking(stopped))
        if claim.reason is Reason.UNSUPPORTED:
            continue
        objective = None if claim.plan is None else verify(problem, claim.plan).objective
        plan = claim.plan if objective is not None else None
        infeasible = claim.reason is Reason.INFEASIBLE
        return _Solved(plan, objective, claim.lower_bound, infeasible)
    raise FrontierError("no exact method takes the problem")


def _above(solved: _Solved, last: _Solved) -> _Solved:
    """A level's answer with the bound of the level above, which holds below it too."""
    bounds = [bound for bound in (solved.lower_bound, last.lower_bound) if bound is not None]
    return _Solved(solved.plan, solved.objective, max(bounds, default=None), solved.infeasible)


def _point(problem: Problem, level: int, solved: _Solved, *, reused: bool) -> FrontierPoint:
    heuristics = {}
    for entry in entries(problem.kind):
        if not entry.traits.exact:
            claim = entry.load().solve(problem, Limits())
            reached = None if claim.plan is None else verify(problem, claim.plan).objective
            heuristics[entry.name] = reached
    here = verify(problem, solved.plan).objective if solved.plan is not None else None
    return FrontierPoint(
        limit=level,
        objective=here,
        lower_bound=None if solved.infeasible else solved.lower_bound,
        proved=solved.proved,
        reused=reused,
        dominated=False,
        plan=solved.plan,
        heuristics=heuristics,
    )


def _marked(points: list[FrontierPoint]) -> tuple[FrontierPoint, ...]:
    """The points with those marked that a lower level equals or beats."""
    best: int | None = None
    marked = []
    for point in points:
        worse = best is not None and point.objective is not None and point.objective >= best
        marked.append(point.model_copy(update={"dominated": worse}))
        if point.objective is not None:
            best = point.objective if best is None else min(best, point.objective)
    return tuple(marked)
