"""A split plan in each scenario of its problem by itself, as the verifier replays it."""

from models.problems.split_computing import (
    Scenario,
    SplitComputingPlan,
    SplitComputingProblem,
    SplitLimits,
)
from models.result import Breakdown
from planner.verify import verify


def alone(problem: SplitComputingProblem, scenario: Scenario) -> SplitComputingProblem:
    """The problem as if a scenario always held."""
    return problem.model_copy(update={"scenarios": (scenario,)})


def breakdowns(
    problem: SplitComputingProblem, plan: SplitComputingPlan
) -> tuple[tuple[Scenario, Breakdown], ...]:
    """What an accepted plan costs in each scenario; nothing where the problem has none.

    Without the limits, which are on the mean or the worst of them all.
    """
    free = problem.model_copy(update={"limits": SplitLimits()})
    return tuple(
        (scenario, verify(alone(free, scenario), plan).breakdown) for scenario in problem.scenarios
    )
