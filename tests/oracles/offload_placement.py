"""Every plan of a tiny placement, priced by the verifier."""

from collections.abc import Iterator
from itertools import product

from models.problems.offload_placement import (
    Copy,
    LayerPlan,
    Mode,
    MoeLayer,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
)
from planner.verify import verify

MOST = 300


def offered(problem: OffloadPlacementProblem, layer: MoeLayer) -> list[list[Copy]]:
    """By expert every copy that may serve it, whatever budgets say."""
    served = {(Mode.KEEP, i, i) for i in range(layer.experts)}
    served |= {(Mode.MERGE, i, j) for i, j, _ in layer.merge}
    served |= {(Mode.MERGE, j, j) for _, j, _ in layer.merge}
    if layer.distil is not None:
        served |= {(Mode.DISTIL, i, j) for i, j, _ in layer.distil.pairs}
    if layer.share is not None:
        served |= {(Mode.SHARE, i, i) for i, d in enumerate(layer.share.loss_ppm) if d is not None}
    return [
        [
            Copy(expert=j, mode=mode, precision=precision.name, holder=holder.name)
            for mode, i, j in sorted(served)
            for precision in problem.precisions
            for holder in problem.holders
            if i == expert
        ]
        for expert in range(layer.experts)
    ]


def size(problem: OffloadPlacementProblem) -> int:
    """How many plans there are."""
    total = 1
    for layer in problem.layers:
        for copies in offered(problem, layer):
            total *= len(copies) ** len(problem.sites)
    return total


def plans(problem: OffloadPlacementProblem) -> Iterator[OffloadPlacementPlan]:
    """Each expert at each site served by any copy; only copies that serve are there."""
    sites = range(len(problem.sites))
    layers = [
        [copies for _ in sites for copies in offered(problem, layer)] for layer in problem.layers
    ]
    for chosen in product(*(product(*clients) for clients in layers)):
        yield OffloadPlacementPlan(
            layers=tuple(
                _layer(layer, picked) for layer, picked in zip(problem.layers, chosen, strict=True)
            )
        )


def _layer(layer: MoeLayer, picked: tuple[Copy, ...]) -> LayerPlan:
    copies = tuple(dict.fromkeys(picked))
    index = [copies.index(copy) for copy in picked]
    rows = [index[at : at + layer.experts] for at in range(0, len(index), layer.experts)]
    return LayerPlan(layer=layer.name, copies=copies, served=tuple(tuple(row) for row in rows))


def optimum(problem: OffloadPlacementProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
