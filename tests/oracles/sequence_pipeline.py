"""Every plan of a tiny sequence pipeline, priced by the verifier."""

from collections.abc import Iterator
from itertools import combinations, pairwise, permutations

from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from planner.verify import verify


def plans(problem: SequencePipelineProblem) -> Iterator[SequencePipelinePlan]:
    """All ordered device subsets x all compositions of the chain x all of the prompt."""
    names = [device.name for device in problem.devices]
    layers = len(problem.layers)
    divisions = list(_compositions(problem.prompt_tokens))
    for size in range(1, min(len(names), layers) + 1):
        for cuts in combinations(range(1, layers), size - 1):
            bounds = [0, *cuts, layers]
            for order in permutations(names, size):
                stages = tuple(
                    Stage(device=name, start=start, stop=stop)
                    for name, start, stop in zip(order, bounds, bounds[1:], strict=False)
                )
                for chunks in divisions:
                    yield SequencePipelinePlan(stages=stages, chunks=chunks)


def _compositions(total: int) -> Iterator[tuple[int, ...]]:
    for size in range(1, total + 1):
        for cuts in combinations(range(1, total), size - 1):
            bounds = [0, *cuts, total]
            yield tuple(b - a for a, b in pairwise(bounds))


def optimum(problem: SequencePipelineProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
