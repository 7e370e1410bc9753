"""A combinatorial lower bound of a fleet: every stream alone, in exact numbers.

    objective ≥ Σ over windows and streams of the cheapest option that meets the accuracy floor

whatever uplinks and servers can carry; for latency none is known, since it depends on them.
"""

from models.problems.split_fleet import Demand, FleetObjective, Option, SplitFleetProblem


def lower_bound(problem: SplitFleetProblem) -> int | None:
    """No plan costs less, in the objective's unit; None for latency or where nothing is open."""
    if problem.objective is FleetObjective.LATENCY:
        return None
    total = 0
    for window in problem.windows:
        for stream in problem.streams:
            options = problem.options[stream.catalogue]
            demand = problem.demand(stream, window)
            floor = demand.accuracy_floor_ppm or 0
            best = max(option.accuracy_ppm for option in options)
            costs = [
                _cost(problem.objective, demand, option, best)
                for option in options
                if option.accuracy_ppm >= floor
            ]
            if not costs:
                return None
            total += window.weight * min(costs)
    return total


def _cost(objective: FleetObjective, demand: Demand, option: Option, best: int) -> int:
    if objective is FleetObjective.LOSS:
        return demand.priority * (best - option.accuracy_ppm)
    spent = option.energy_uj if objective is FleetObjective.ENERGY else option.sent_bytes
    return demand.rate_millihz * spent
