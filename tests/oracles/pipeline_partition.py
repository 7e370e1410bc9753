"""Every plan of a tiny pipeline problem, priced by the verifier."""

from collections.abc import Iterator
from itertools import combinations, permutations

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from planner.verify import verify


def plans(problem: PipelinePartitionProblem) -> Iterator[PipelinePartitionPlan]:
    """All ordered device subsets x all compositions of the chain."""
    names = [device.name for device in problem.devices]
    layers = len(problem.layers)
    for size in range(1, min(len(names), layers) + 1):
        for cuts in combinations(range(1, layers), size - 1):
            bounds = [0, *cuts, layers]
            for order in permutations(names, size):
                yield PipelinePartitionPlan(
                    stages=tuple(
                        Stage(device=name, start=start, stop=stop)
                        for name, start, stop in zip(order, bounds, bounds[1:], strict=False)
                    )
                )


def optimum(problem: PipelinePartitionProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
