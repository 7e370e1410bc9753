"""Every placement of a tiny cluster, priced by the verifier."""

from collections.abc import Iterator
from itertools import product

from models.problems.serving_flow import Placement, ServingFlowPlan, ServingFlowProblem
from planner.verify import verify


def plans(problem: ServingFlowProblem) -> Iterator[ServingFlowPlan]:
    """All ranges of all nodes."""
    ranges = [
        [
            Placement(node=node.name, start=start, stop=start + held)
            for held in range(1, len(problem.throughput[node.name]) + 1)
            for start in range(problem.layers - held + 1)
        ]
        for node in problem.nodes
    ]
    for chosen in product(*ranges):
        yield ServingFlowPlan(placements=chosen)


def optimum(problem: ServingFlowProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
