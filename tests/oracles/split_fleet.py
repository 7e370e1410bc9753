"""Every plan of a tiny fleet, priced by the verifier."""

from collections.abc import Iterator
from itertools import product

from models.problems.split_fleet import Choice, SplitFleetPlan, SplitFleetProblem
from planner.verify import verify


def plans(problem: SplitFleetProblem) -> Iterator[SplitFleetPlan]:
    """All options x servers of every stream in every window, local ones without a server."""
    servers = [server.name for server in problem.servers]
    open_to = [
        [
            Choice(window=window.name, stream=stream.name, option=option.name, server=server)
            for option in problem.options[stream.catalogue]
            for server in ([None] if option.is_local else servers)
        ]
        for window, stream in product(problem.windows, problem.streams)
    ]
    for chosen in product(*open_to):
        yield SplitFleetPlan(choices=chosen)


def optimum(problem: SplitFleetProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
