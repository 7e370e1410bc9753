"""Every plan of a tiny expert selection, priced by the verifier."""

from collections.abc import Iterator
from itertools import chain, combinations, product

from models.problems.expert_selection import (
    ExpertSelectionPlan,
    ExpertSelectionProblem,
    Route,
)
from planner.verify import verify


def plans(problem: ExpertSelectionProblem) -> Iterator[ExpertSelectionPlan]:
    """All subsets of the experts; where routing is open, with every routing of each."""
    names = [expert.name for expert in problem.experts]
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            if not problem.routing_is_decided:
                yield ExpertSelectionPlan(experts=chosen)
                continue
            asked = _choices(chosen, problem.asked_at_most)
            for routing in product(asked, repeat=len(problem.clusters)):
                # Experts that nobody asks make a plan no better: only used ones are tried.
                if set(chain.from_iterable(routing)) == set(chosen):
                    yield ExpertSelectionPlan(
                        experts=chosen,
                        routing=tuple(
                            Route(cluster=cluster.name, experts=experts)
                            for cluster, experts in zip(problem.clusters, routing, strict=True)
                        ),
                    )


def _choices(names: tuple[str, ...], most: int) -> list[tuple[str, ...]]:
    sizes = range(1, min(most, len(names)) + 1)
    return list(chain.from_iterable(combinations(names, size) for size in sizes))


def optimum(problem: ExpertSelectionProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
