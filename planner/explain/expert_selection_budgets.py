"""The budgets of an expert selection, and the problem with another one."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.problems.expert_selection import ExpertSelectionProblem as Problem
from solvers.tables.expert_selection import build


@dataclass(frozen=True)
class Budget:
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


def budgets_of(problem: Problem) -> list[Budget]:
    """All budgets with a limit; `largest` is one that certainly does not bind."""
    found = []
    count = len(problem.experts)
    if problem.energy_limit_uj is not None:
        tables = build(problem)
        # Every mode charges an expert with the dearest request at most.
        largest = int(tables.energy.max(axis=0, initial=0).sum())
        name = f"energy ({problem.energy_mode.replace('_', ' ')})"
        found.append(Budget(name, "uj", problem.energy_limit_uj, largest))
    for device in problem.device_graph.devices:
        held = sum(e.memory_bytes for e in problem.experts if e.device == device.name)
        if held > device.memory_bytes:
            name = f"memory of {device.name}"
            found.append(Budget(name, "bytes", device.memory_bytes, held, device.name))
    if problem.max_experts is not None:
        found.append(Budget("experts in service", "experts", problem.max_experts, count))
    return found


def roomy(problem: Problem, budgets: Iterable[Budget]) -> Problem:
    """The problem with budgets that do not bind."""
    for budget in budgets:
        problem = budget.at(problem, max(budget.limit, budget.largest))
    return problem
