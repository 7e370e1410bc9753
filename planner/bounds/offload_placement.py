"""A combinatorial lower bound of a placement: the fastest holders filled in the best case.

Every activation costs at least the site's fastest way to any copy. Where nothing but keep is
offered each expert takes its bytes as well, and the time that holders with limited memory save is
at most that of a continuous knapsack over all their room together.
"""

from fractions import Fraction
from math import floor

from models.problems.offload_placement import (
    Copy,
    Mode,
    MoeLayer,
    OffloadPlacementProblem,
    TokenLatency,
)
from planner.verify.offload_terms import LayerTerms


def lower_bound(problem: OffloadPlacementProblem) -> int | None:
    """No plan costs less, ns; None where a site cannot reach any copy."""
    fastest = _fastest(problem)
    if fastest is None:
        return None
    total = 0
    for layer, times in zip(problem.layers, fastest, strict=True):
        if problem.objective is TokenLatency.MAX:
            by_site = dict(zip(problem.sites, times, strict=True))
            total += sum(pattern.tokens * by_site[pattern.site] for pattern in layer.patterns)
        else:
            total += sum(sum(f) * t for f, t in zip(layer.activations, times, strict=True))
    packed = _packed(problem, fastest)
    return total if packed is None else max(total, packed)


def _fastest(problem: OffloadPlacementProblem) -> list[list[int]] | None:
    """Per layer and site the least time to any copy that fits its holder alone."""
    found = []
    for layer in problem.layers:
        terms = LayerTerms(problem, layer)
        row = []
        for site in problem.sites:
            times = [
                use.time_ns
                for copy in _kinds(problem, layer)
                for use in [terms.use(site, copy)]
                if use is not None and _fits(problem, terms, copy)
            ]
            if not times:
                return None
            row.append(min(times))
        found.append(row)
    return found


def _kinds(problem: OffloadPlacementProblem, layer: MoeLayer) -> list[Copy]:
    """One copy per mode, precision and holder: times depend on nothing else."""
    shared = [] if layer.share is None else layer.share.loss_ppm
    some = {
        Mode.KEEP: 0,
        Mode.DISTIL: None
        if layer.distil is None
        else next((j for _, j, _ in layer.distil.pairs), None),
        Mode.SHARE: next((i for i, loss in enumerate(shared) if loss is not None), None),
    }
    return [
        Copy(expert=expert, mode=mode, precision=precision.name, holder=holder.name)
        for mode, expert in some.items()
        if expert is not None
        for precision in problem.precisions
        for holder in problem.holders
    ]


def _fits(problem: OffloadPlacementProblem, terms: LayerTerms, copy: Copy) -> bool:
    room = next(item.room_bytes for item in problem.holders if item.name == copy.holder)
    return room is None or sum(terms.pieces(copy).values()) <= room


def _packed(problem: OffloadPlacementProblem, fastest: list[list[int]]) -> int | None:
    """Of one site and only kept copies: what is left when all limited room saves its best.

    An expert on a limited holder saves at most its time from the best holder of everything less the
    fastest; per byte, the most valuable experts fill the room, the last in part.
    """
    alone = all(not x.merge and x.distil is None and x.share is None for x in problem.layers)
    additive = problem.objective is TokenLatency.SUM
    if not alone or not additive or len(problem.sites) > 1 or len(problem.precisions) > 1:
        return None
    rooms = [holder.room_bytes for holder in problem.holders]
    left = sum(room for room in rooms if room is not None)
    total, offers = 0, []
    for layer, times in zip(problem.layers, fastest, strict=True):
        terms = LayerTerms(problem, layer)
        copies = [copy for copy in _kinds(problem, layer) if copy.mode is Mode.KEEP]
        unlimited = [copy for copy, room in zip(copies, rooms, strict=True) if room is None]
        uses = [terms.use(problem.sites[0], copy) for copy in unlimited]
        away = min((use.time_ns for use in uses if use is not None), default=None)
        if away is None:
            return None
        size = max(terms.pieces(copies[0]).values())
        total += sum(layer.activations[0]) * away
        offers += [(Fraction(f * (away - times[0]), size), size) for f in layer.activations[0]]
    saved = Fraction(0)
    for density, size in sorted(offers, reverse=True):
        part = min(size, left)
        saved += density * part
        left -= part
    return total - floor(saved)
