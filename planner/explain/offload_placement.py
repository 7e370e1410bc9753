"""Explanations of placements: the budget in the way of any plan, and what a budget costs.

Infeasible: experts that nothing can serve are named first; then each budget alone is lifted, and
where that makes a plan possible the least amount with which it does is found by bisection.
Binding: each full budget is widened by a tenth and the plan's saving is stated, with the bound.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from models.problems.offload_placement import (
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    TokenLatency,
)
from models.result import Claim, Limits, Reason
from models.units import format_quantity
from planner.verify import verify
from solvers.registry import entries
from solvers.tables.offload_placement import build

_MILLION = 10**6
# More than all experts of any model together.
_PLENTY = 2**59


@dataclass(frozen=True)
class _Budget:
    """A budget by name: its amount, its unit, the largest that means anything."""

    name: str
    amount: int
    unit: str
    most: int


class _Clock:
    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def left_ns(self) -> int:
        """Time that is left."""
        return max(0, self._end - time.monotonic_ns())

    def solve(
        self, problem: OffloadPlacementProblem, time_ns: int
    ) -> Claim[OffloadPlacementPlan] | None:
        """The first claim of a plan or of none, of the methods that take the problem."""
        for entry in entries(problem.kind):
            limits = Limits(time_limit_ns=min(time_ns, self.left_ns()))
            if limits.time_limit_ns == 0 or not entry.traits.exact:
                return None
            claim: Claim[OffloadPlacementPlan] = entry.load().solve(problem, limits)
            if claim.plan is not None or claim.reason is Reason.INFEASIBLE:
                return claim
        return None

    def feasible(self, problem: OffloadPlacementProblem) -> bool | None:
        """Whether any plan exists; None where time ran out."""
        claim = self.solve(problem, self.left_ns())
        return None if claim is None else claim.plan is not None


def infeasible(problem: OffloadPlacementProblem, time_limit_ns: int) -> tuple[str, ...]:
    """Experts without a server, or budgets with the least amounts that would do."""
    clock = _Clock(time_limit_ns)
    # Whether there is a plan does not depend on how times add up.
    problem = problem.model_copy(update={"objective": TokenLatency.SUM})
    stuck = tuple(_stuck(problem))
    if stuck:
        return stuck
    lines = []
    for budget in _budgets(problem):
        least = _least(problem, budget, clock)
        if least is not None:
            lines.append(
                f"{budget.name} binds: {format_quantity(least, budget.unit)} instead of "
                f"{format_quantity(budget.amount, budget.unit)} would do"
            )
    return tuple(lines) or ("no single budget is enough: several bind together",)


def _stuck(problem: OffloadPlacementProblem) -> Iterator[str]:
    """Experts that nothing can serve, whatever else is placed."""
    tables = build(problem)
    client = 0
    for layer in problem.layers:
        for site in problem.sites:
            none = [
                expert
                for expert in range(layer.experts)
                if tables.start[client + expert] == tables.start[client + expert + 1]
            ]
            client += layer.experts
            if none:
                shown = ", ".join(str(expert) for expert in none[:8])
                yield (
                    f"{len(none)} experts of {layer.name} ({shown}) have no copy that fits a "
                    f"holder, keeps to the loss budget and can be reached from {site}"
                )


def _budgets(problem: OffloadPlacementProblem) -> Iterator[_Budget]:
    for holder in problem.holders:
        if holder.room_bytes is not None:
            yield _Budget(f"memory of {holder.name}", holder.room_bytes, "bytes", _PLENTY)
        if holder.busy_limit_ns is not None:
            yield _Budget(f"busy time of {holder.name}", holder.busy_limit_ns, "ns", 10**14)
    if problem.loss_budget_ppm is not None:
        yield _Budget("loss budget", problem.loss_budget_ppm, "ppm", _MILLION)


def _with(
    problem: OffloadPlacementProblem, budget: _Budget, amount: int
) -> OffloadPlacementProblem:
    """The problem with another amount of one budget."""
    if budget.unit == "ppm":
        return problem.model_copy(update={"loss_budget_ppm": amount})
    kind, _, name = budget.name.rpartition(" of ")
    holders = []
    for holder in problem.holders:
        change: dict[str, int] = {}
        if holder.name == name:
            memory = amount + holder.reserve_bytes
            change = {"memory_bytes": memory} if kind == "memory" else {"busy_limit_ns": amount}
        holders.append(holder.model_copy(update=change))
    return problem.model_copy(update={"holders": tuple(holders)})


def _least(problem: OffloadPlacementProblem, budget: _Budget, clock: _Clock) -> int | None:
    """The least amount with which a plan exists, to a thousandth; None where none is enough."""
    if not clock.feasible(_with(problem, budget, budget.most)):
        return None
    low, high = budget.amount, budget.most
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2 if low * 4 > high else max(low * 2, 1)
        enough = clock.feasible(_with(problem, budget, middle))
        if enough is None:
            return None
        low, high = (low, middle) if enough else (middle, high)
    return high


def binding(
    problem: OffloadPlacementProblem, plan: OffloadPlacementPlan, time_limit_ns: int
) -> tuple[str, ...]:
    """How far each budget is used, and what a tenth more of a full one would save."""
    verdict = verify(problem, plan)
    if verdict.objective is None:
        return tuple(f"{v.rule} is broken at {v.where}" for v in verdict.violations[:20])
    clock = _Clock(time_limit_ns)
    used = {f"memory of {row['holder']}": row["memory_bytes"] for row in verdict.breakdown.rows}
    used["loss budget"] = verdict.breakdown.totals["mean_loss_ppm"]
    budgets = list(_budgets(problem))
    lines = []
    for number, budget in enumerate(budgets):
        amount = used.get(budget.name)
        if not isinstance(amount, int) or 10 * amount < 9 * budget.amount:
            continue
        wider = min(budget.most, budget.amount * 11 // 10 + 1)
        share = clock.left_ns() // (len(budgets) - number)
        claim = clock.solve(_with(problem, budget, wider), share)
        lines.append(
            f"{budget.name} is full ({format_quantity(amount, budget.unit)} of "
            f"{format_quantity(budget.amount, budget.unit)}): "
            f"{_saving(_with(problem, budget, wider), claim, verdict.objective)}"
        )
    return tuple(lines) or ("no memory and no loss budget is over nine tenths full",)


def _saving(
    wider: OffloadPlacementProblem, claim: Claim[OffloadPlacementPlan] | None, now: int
) -> str:
    if claim is None or claim.plan is None:
        return "what a tenth more would save is not known in time"
    objective = verify(wider, claim.plan).objective
    saved = max(0, now - (objective or now))
    most = (
        ""
        if claim.lower_bound is None
        else f", {max(0, now - claim.lower_bound) / now:.1%} at most"
    )
    return f"a tenth more saves {saved / max(now, 1):.1%}{most}"
