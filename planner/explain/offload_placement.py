"""Explanations of placements: the budget in the way of any plan, and what each full one costs.

Infeasible: experts that nothing can serve are named first; then each budget alone is lifted, and
where that makes a plan possible the least amount with which it does is found by bisection.
Binding: how the plan stands to the best, and what every budget that is over nine tenths full costs
against being without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from models.problems.offload_placement import (
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    TokenLatency,
)
from models.result import Verification
from models.units import MAX_DURATION_NS, format_quantity
from planner.explain.clock import Clock, Least, TimeUpError, least
from planner.explain.price import known_with_plan, price, standing
from planner.explain.words import few
from planner.verify import verify
from solvers.tables.offload_placement import build

_MILLION = 10**6
# More than all experts of any model together.
_PLENTY = 2**59


@dataclass(frozen=True)
class _Budget:
    """A budget by name: of which holder, its amount, its unit, the largest that means anything."""

    name: str
    holder: str
    amount: int
    unit: str
    most: int


def infeasible(problem: OffloadPlacementProblem, time_limit_ns: int) -> tuple[str, ...]:
    """Experts without a server, or budgets with the least amounts that would do."""
    clock = Clock(time_limit_ns)
    # Whether there is a plan does not depend on how times add up.
    problem = problem.model_copy(update={"objective": TokenLatency.SUM})
    stuck = tuple(_stuck(problem))
    if stuck:
        return stuck
    lines = []
    try:
        for budget in _budgets(problem):
            found = _least(problem, budget, clock)
            if found is not None:
                rest = "" if found.proved else "; whether less would is not known in time"
                now, then = (format_quantity(x, budget.unit) for x in (budget.amount, found.amount))
                lines.append(f"{budget.name} binds: {then} instead of {now} would do{rest}")
    except TimeUpError:
        lines.append("what else would help is not known in time")
    return tuple(lines) or ("no single budget is enough: several bind together",)


def _stuck(problem: OffloadPlacementProblem) -> Iterator[str]:
    """Experts that nothing can serve, whatever else is placed."""
    tables = build(problem)
    client = 0
    for layer in problem.layers:
        for site in problem.sites:
            none = [
                str(expert)
                for expert in range(layer.experts)
                if tables.start[client + expert] == tables.start[client + expert + 1]
            ]
            client += layer.experts
            if none:
                yield (
                    f"{len(none)} experts of {layer.name} ({few(none)}) have no copy that fits a "
                    f"holder, keeps to the loss budget and can be reached from {site}"
                )


def _budgets(problem: OffloadPlacementProblem) -> Iterator[_Budget]:
    for holder in problem.holders:
        name, room, limit = holder.name, holder.room_bytes, holder.busy_limit_ns
        if room is not None:
            yield _Budget(f"memory of {name}", name, room, "bytes", _PLENTY)
        if limit is not None:
            yield _Budget(f"busy time of {name}", name, limit, "ns", MAX_DURATION_NS)
    if problem.loss_budget_ppm is not None:
        yield _Budget("loss budget", "", problem.loss_budget_ppm, "ppm", _MILLION)


def _with(
    problem: OffloadPlacementProblem, budget: _Budget, amount: int
) -> OffloadPlacementProblem:
    """The problem with another amount of one budget."""
    if not budget.holder:
        return problem.model_copy(update={"loss_budget_ppm": amount})
    holders = []
    for holder in problem.holders:
        change: dict[str, int] = {}
        if holder.name == budget.holder and budget.unit == "bytes":
            change = {"memory_bytes": amount + holder.reserve_bytes}
        elif holder.name == budget.holder:
            change = {"busy_limit_ns": amount}
        holders.append(holder.model_copy(update=change))
    return problem.model_copy(update={"holders": tuple(holders)})


def _least(problem: OffloadPlacementProblem, budget: _Budget, clock: Clock) -> Least | None:
    """The least amount with which a plan exists; None where none is enough. Raises TimeUpError."""

    def need(amount: int) -> int | None:
        changed = _with(problem, budget, amount)
        plan = clock.plan(changed)
        if plan is None:
            return None
        used = _used(verify(changed, plan)).get(budget.name, amount)
        return max(budget.amount + 1, min(used, amount))

    enough = need(budget.most)
    return None if enough is None else least(budget.amount, enough, need)


def _used(verdict: Verification) -> dict[str, int]:
    """What an accepted plan uses of each budget, by name; a mean loss is rounded up."""
    used = {
        f"memory of {row['holder']}": row["memory_bytes"]
        for row in verdict.breakdown.rows
        if isinstance(row["memory_bytes"], int)
    }
    return {**used, "loss budget": verdict.breakdown.totals["mean_loss_ppm"]}


def binding(
    problem: OffloadPlacementProblem,
    _plan: OffloadPlacementPlan,
    verdict: Verification,
    time_limit_ns: int,
) -> tuple[str, ...]:
    """How an accepted plan stands, and what each budget over nine tenths full costs."""
    clock = Clock(time_limit_ns)
    used = _used(verdict)
    full = [b for b in _budgets(problem) if 10 * used.get(b.name, 0) > 9 * b.amount]
    here = known_with_plan(clock.optimum(problem, 1 + len(full)), verdict)
    lines = [standing(verdict, here, "ns")]
    for number, budget in enumerate(full):
        without = clock.optimum(_with(problem, budget, budget.most), len(full) - number)
        share = f"{budget.name} ({used[budget.name] / max(budget.amount, 1):.1%} used)"
        lines.append(price(share, here, without, "ns"))
    return tuple(lines) if full else (*lines, "no memory and no loss budget is nine tenths full")
