"""Every plan of a tiny split-computing problem, priced by the verifier."""

from collections.abc import Iterator
from itertools import product

from models.problems.split_computing import (
    BottleneckUse,
    Crossing,
    Placement,
    SplitComputingPlan,
    SplitComputingProblem,
    ancestors,
)
from models.split_models import INPUT
from planner.verify import verify


def plans(problem: SplitComputingProblem) -> Iterator[SplitComputingPlan]:
    """All policies x bottlenecks and hops x monotone placements x forms of each crossing."""
    names = [device.name for device in problem.devices]
    uses: list[BottleneckUse | None] = [None]
    uses += [
        BottleneckUse(name=b.name, hop_from=d) for b in problem.bottlenecks for d in names[:-1]
    ]
    for policy, use in product([None, *(p.name for p in problem.policies)], uses):
        for levels in _placements(problem, use):
            placement = tuple(
                Placement(device=name, layers=tuple(v for v in levels if levels[v] == index))
                for index, name in enumerate(names)
            )
            placement = tuple(item for item in placement if item.layers)
            sent = sorted(_sent(problem, use, levels))
            forms = ["raw", *(r.name for r in problem.representations)]
            for chosen in product(forms, repeat=len(sent)):
                yield SplitComputingPlan(
                    placement=placement,
                    crossings=tuple(
                        Crossing(tensor=tensor, hop_from=names[hop], representation=form)
                        for (tensor, hop), form in zip(sent, chosen, strict=True)
                    ),
                    bottleneck=use,
                    policy=policy,
                )


def optimum(problem: SplitComputingProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)


def _replaced(problem: SplitComputingProblem, use: BottleneckUse | None) -> set[str]:
    after = [b.after for b in problem.bottlenecks if use is not None and b.name == use.name]
    return ancestors(problem.model, after[0]) if after else set()


def _placements(
    problem: SplitComputingProblem, use: BottleneckUse | None
) -> Iterator[dict[str, int]]:
    """Levels of the layers that run, never falling along an edge."""
    names = [device.name for device in problem.devices]
    lowest = 0 if use is None else names.index(use.hop_from) + 1
    free = [v for v in problem.model.order if v not in _replaced(problem, use)]
    for chosen in product(range(lowest, len(names)), repeat=len(free)):
        levels = dict(zip(free, chosen, strict=True))
        edges = problem.model.graph.edges
        if all(levels.get(u, lowest) <= levels[v] for u, v in edges if v in levels):
            yield levels


def _sent(
    problem: SplitComputingProblem, use: BottleneckUse | None, levels: dict[str, int]
) -> set[tuple[str, int]]:
    names = [device.name for device in problem.devices]
    start = 0 if use is None else names.index(use.hop_from)
    sent = {(INPUT, hop) for hop in range(start)}
    for layer, level in levels.items():
        for source in list(problem.model.graph.pred[layer]) or [INPUT]:
            first = 0 if source == INPUT else levels.get(source, start + 1)
            sent |= {(source, hop) for hop in range(first, level)}
    return sent
