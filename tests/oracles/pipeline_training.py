"""Every plan of a tiny training pipeline, priced by the verifier."""

from collections.abc import Iterator
from itertools import combinations, pairwise, product

from models.problems.pipeline_training import (
    PipelineTrainingPlan,
    PipelineTrainingProblem,
    Share,
    TrainingStage,
)
from planner.verify import verify


def _groups(names: tuple[str, ...], stages: int) -> Iterator[tuple[tuple[str, ...], ...]]:
    """All ways to give so many stages a group each, no device in two."""
    for places in product(range(stages + 1), repeat=len(names)):
        found = tuple(
            tuple(name for name, place in zip(names, places, strict=True) if place == stage)
            for stage in range(1, stages + 1)
        )
        if all(found):
            yield found


def _shared(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a total as a sum of so many parts of 1 or more, in order."""
    for ends in combinations(range(1, total), parts - 1):
        cuts = (0, *ends, total)
        yield tuple(b - a for a, b in pairwise(cuts))


def plans(problem: PipelineTrainingProblem) -> Iterator[PipelineTrainingPlan]:
    """All cuts of the chain x all groups for the stages x all splits of a micro-batch."""
    names = tuple(device.name for device in problem.devices)
    layers = len(problem.chain)
    for number in range(1, min(layers, len(names)) + 1):
        for ends in combinations(range(1, layers), number - 1):
            cuts = (0, *ends, layers)
            for groups in _groups(names, number):
                for samples in product(*(_shared(problem.samples, len(g)) for g in groups)):
                    yield PipelineTrainingPlan(
                        stages=tuple(
                            TrainingStage(
                                start=cuts[n],
                                stop=cuts[n + 1],
                                shares=tuple(
                                    Share(device=name, samples=count)
                                    for name, count in zip(groups[n], samples[n], strict=True)
                                ),
                            )
                            for n in range(number)
                        )
                    )


def optimum(problem: PipelineTrainingProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
