"""Explanations of expert selections, by searching them with budgets left out.

Branch, reduce and bound decides each variant exactly: a budget is said to suffice only where a plan
was found, and to be too small only where the search proved that there is none.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from models.problems.expert_selection import (
    ExpertSelectionPlan,
    ExpertSelectionProblem,
    QualityModel,
)
from models.result import Limits
from models.units import format_quantity
from planner.verify import verify
from solvers.base import UNREACHABLE, Stopwatch
from solvers.search.expert_selection import Found, search
from solvers.tables.expert_selection import Ints, Tables, build, latencies
from solvers.tables.expert_selection_quality import TopK

Problem = ExpertSelectionProblem

# Above every limit that a document can state.
_PLENTY = 2**60


@dataclass(frozen=True)
class _Budget:
    """One budget of a problem: what it is called, its unit, its limit, and how to change it."""

    name: str
    unit: str
    limit: int
    largest: int
    device: str | None = None

    def at(self, problem: Problem, limit: int) -> Problem:
        """The problem with another limit."""
        if self.device is not None:
            graph = problem.device_graph
            devices = tuple(
                device.model_copy(update={"memory_bytes": limit})
                if device.name == self.device
                else device
                for device in graph.devices
            )
            return problem.model_copy(
                update={"device_graph": graph.model_copy(update={"devices": devices})}
            )
        field = "energy_limit_uj" if self.unit == "uj" else "max_experts"
        return problem.model_copy(update={field: limit})


def _budgets(problem: Problem) -> list[_Budget]:
    """All budgets with a limit; `largest` is one that certainly does not bind."""
    found = []
    count = len(problem.experts)
    if problem.energy_limit_uj is not None:
        tables = build(problem)
        largest = count * int(tables.energy.max(initial=0))
        name = f"energy ({problem.energy_mode.replace('_', ' ')})"
        found.append(_Budget(name, "uj", problem.energy_limit_uj, largest))
    for device in problem.device_graph.devices:
        held = sum(e.memory_bytes for e in problem.experts if e.device == device.name)
        if held > device.memory_bytes:
            name = f"memory of {device.name}"
            found.append(_Budget(name, "bytes", device.memory_bytes, held, device.name))
    if problem.max_experts is not None:
        found.append(_Budget("experts in service", "experts", problem.max_experts, count))
    return found


class _Clock:
    """Answers what-if questions until the time is up."""

    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def search(self, tables: Tables) -> Found | None:
        """A search run to its end, or None where time ran out."""
        left = self._end - time.monotonic_ns()
        if left <= 0:
            return None
        found = search(tables, Stopwatch(Limits(time_limit_ns=left), None))
        return found if found.complete else None

    def feasible(self, problem: Problem) -> bool | None:
        """Whether any plan exists, or None where time ran out."""
        tables = build(problem)
        if problem.routing_is_decided and tables.routed_limit is not None:
            return self._routable(tables)
        found = self.search(_any_plan_will_do(tables))
        return None if found is None else found.chosen is not None

    def _routable(self, tables: Tables) -> bool | None:
        """Whether some selection's cheapest routing keeps to the energy budget.

        Cheap answers are good ones here: the search maximises what is left of the dearest.
        """
        dearest = int(tables.energy.max(initial=0))
        total = int(tables.weight.sum())
        saved = np.where(tables.usable, dearest - tables.energy, 0)
        function = TopK(tables.weight / total, saved, 1)
        cheap = replace(tables, function=function, model=QualityModel.BEST_EXPERT, step=0.0)
        found = self.search(replace(cheap, quality=saved, asked=1))
        if found is None:
            return None
        if found.chosen is None:
            return False
        spend = np.where(tables.usable & found.chosen, tables.energy, UNREACHABLE).min(axis=1)
        return int(tables.weight @ spend) <= (tables.routed_limit or 0)


def _any_plan_will_do(tables: Tables) -> Tables:
    """The tables with a quality that is the same for every defined selection."""
    if tables.model is QualityModel.TABLE:
        return tables
    nothing = TopK(np.ones(1), np.zeros((1, tables.experts), dtype=np.int64), 1)
    return replace(
        tables,
        function=nothing,
        model=QualityModel.BEST_EXPERT,
        quality=np.zeros_like(tables.quality),
        asked=1,
        gate=None,
        step=0.0,
    )


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """Clusters that nobody answers in time, or else the budgets in the way and what would do."""
    lines = _unanswered(problem)
    if lines:
        return lines
    clock = _Clock(time_limit_ns)
    budgets = _budgets(problem)
    repairs: list[str] = []
    for budget in budgets:
        line = _repair(problem, budget, clock)
        if line is None:
            return (*repairs, "the time limit ended the search for further repairs")
        repairs += line
    if repairs:
        return tuple(repairs)
    names = ", ".join(budget.name for budget in budgets) or "none"
    if problem.quality_model is QualityModel.TABLE:
        return (f"no measured selection keeps to all budgets together (budgets: {names})",)
    return (f"no single budget is in the way alone: at least two have to grow (budgets: {names})",)


def _unanswered(problem: Problem) -> tuple[str, ...]:
    """One line per category with a cluster that no expert may answer."""
    tables = build(problem)
    given = np.array([[q is not None for q in e.quality_ppm] for e in problem.experts]).T
    latency = np.where(given, latencies(problem), UNREACHABLE)
    lines: dict[str, str] = {}
    for index in np.flatnonzero(~tables.usable.any(axis=1)).tolist():
        cluster = problem.clusters[index]
        line = _why_unanswered(problem, tables, index, latency[index])
        lines.setdefault(cluster.category, line)
    return tuple(lines.values())


def _why_unanswered(problem: Problem, tables: Tables, index: int, latency: Ints) -> str:
    cluster = problem.clusters[index]
    who = f"no expert answers category '{cluster.category}'"
    fastest = int(latency.min())
    if fastest >= UNREACHABLE:
        return f"{who} (cluster '{cluster.name}'): none has a quality for it and a path to it"
    deadline = problem.deadline_ns.get(cluster.category)
    if deadline is not None and fastest > deadline:
        return (
            f"{who} within {_plain(deadline)}; the fastest needs {_plain(fastest)} "
            f"('{tables.names[int(latency.argmin())]}' for cluster '{cluster.name}')"
        )
    return (
        f"{who} (cluster '{cluster.name}'): every expert for it is late for another cluster, "
        "which excludes it in latency mode 'worst_case'"
    )


def _plain(ns: int) -> str:
    """A time with one decimal where that is exact enough to tell: "2.4 s"."""
    for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns} ns"


def _repair(problem: Problem, budget: _Budget, clock: _Clock) -> list[str] | None:
    """The least limit of one budget with which a plan exists; [] where none does; None: no time."""
    if budget.largest <= budget.limit:
        return []
    found = clock.feasible(budget.at(problem, min(budget.largest, _PLENTY)))
    if not found:
        return None if found is None else []
    low, high = budget.limit, budget.largest
    while high - low > 1:
        middle = (low + high) // 2
        found = clock.feasible(budget.at(problem, middle))
        if found is None:
            return None
        low, high = (low, middle) if found else (middle, high)
    need, have = (format_quantity(value, budget.unit) for value in (high, budget.limit))
    return [f"{budget.name}: {have} are too little by themselves; {need} would do"]


def binding(problem: Problem, plan: ExpertSelectionPlan, time_limit_ns: int) -> tuple[str, ...]:
    """What each budget costs: the shortfall that a plan without it would have."""
    objective = verify(problem, plan).objective
    if objective is None:
        return ("the plan breaks a rule",)
    if problem.routing_is_decided:
        return (_energy_used(problem, plan),)
    clock = _Clock(time_limit_ns)
    lines: list[str] = []
    for budget in _budgets(problem):
        largest = min(budget.largest, _PLENTY)
        if largest <= budget.limit:
            continue
        found = clock.search(build(budget.at(problem, largest)))
        if found is None or found.objective is None:
            return (*lines, "the time limit ended the search for what further budgets cost")
        gain = objective - found.objective
        cost = "costs nothing" if gain <= 0 else f"costs {format_quantity(gain, 'ppm')} of quality"
        lines.append(f"{budget.name}: {format_quantity(budget.limit, budget.unit)} {cost}")
    return tuple(lines) or ("no budget binds: every expert could be in service",)


def _energy_used(problem: Problem, plan: ExpertSelectionPlan) -> str:
    used = verify(problem, plan).breakdown.totals["energy_uj"]
    limit = problem.energy_limit_uj
    if limit is None:
        return "there is no energy budget"
    return f"energy: {format_quantity(used, 'uj')} used of {format_quantity(limit, 'uj')}"
