"""What copies weigh and how long sites take to use them, in exact numbers, for the verifier."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from models.devices import LinkRate
from models.problems.offload_placement import (
    Copy,
    Holder,
    Mode,
    MoeLayer,
    OffloadPlacementProblem,
    Way,
)

# (mode or "base", expert, precision, holder): what is stored once.
Piece = tuple[str, int, str, str]
_BASE = "base"


@dataclass(frozen=True)
class Use:
    """How a site uses a copy: the way, its time, and what it computes where."""

    way: Way
    time_ns: int
    compute_ns: int
    computed_on: str


class LayerTerms:
    """Distances, sizes and times of one layer."""

    def __init__(self, problem: OffloadPlacementProblem, layer: MoeLayer) -> None:
        self._problem = problem
        self._layer = layer
        self._holders = {holder.name: holder for holder in problem.holders}
        self._ratio = {precision.name: precision.size_ppm for precision in problem.precisions}
        self._uses: dict[tuple[str, str, int], Use | None] = {}
        self.distance = _distances(layer)
        self._offered = {(mode, j) for mode, _, j in self.distance}

    def known(self, copy: Copy) -> bool:
        """Whether the layer offers such a copy, its precision and its holder."""
        there = copy.precision in self._ratio and copy.holder in self._holders
        return there and (copy.mode, copy.expert) in self._offered

    def pieces(self, copy: Copy) -> dict[Piece, int]:
        """What storing a copy stores, and its bytes: itself and the base it needs."""
        own, base = self._sizes(copy)
        found: dict[Piece, int] = {self._itself(copy): own}
        if base:
            found[_BASE, 0, copy.precision, copy.holder] = base
        return found

    def stored_as(self, copy: Copy) -> set[Piece]:
        """What a copy that is in force stores, offered or not."""
        found = {self._itself(copy)}
        if copy.mode is Mode.SHARE:
            found.add((_BASE, 0, copy.precision, copy.holder))
        return found

    def use(self, site: str, copy: Copy) -> Use | None:
        """The cheapest way for a site to use a copy; None where there is none."""
        size = sum(self._sizes(copy))
        key = (site, copy.holder, size)
        if key not in self._uses:
            self._uses[key] = self._cheapest(site, copy.holder, size)
        return self._uses[key]

    def _itself(self, copy: Copy) -> Piece:
        """Merged weights that are the expert's own are those of a kept one."""
        blended = self.distance.get((Mode.MERGE, copy.expert, copy.expert))
        own = copy.mode is Mode.MERGE and not blended
        return Mode.KEEP if own else copy.mode, copy.expert, copy.precision, copy.holder

    def _sizes(self, copy: Copy) -> tuple[int, int]:
        """Bytes of the copy itself and of the base it needs (0 where none)."""
        layer, ratio = self._layer, Fraction(self._ratio[copy.precision], 10**6)
        if copy.mode is Mode.SHARE and layer.share is not None:
            return ceil(layer.share.delta_bytes * ratio), ceil(layer.share.base_bytes * ratio)
        if copy.mode is Mode.DISTIL and layer.distil is not None:
            return ceil(layer.distil.student_bytes * ratio), 0
        return ceil(layer.expert_bytes * ratio), 0

    def _cheapest(self, site: str, holder: str, size: int) -> Use | None:
        problem = self._problem
        local, remote = _compute(self._holders[site], size), _compute(self._holders[holder], size)
        if holder == site:
            return None if local is None else Use(Way.IN_PLACE, local, local, site)
        ways = []
        to, back = problem.rate(site, holder), problem.rate(holder, site)
        if to is not None and back is not None and remote is not None:
            wires = _wire(to, problem.activation_bytes) + _wire(back, problem.activation_bytes)
            ways.append(Use(Way.ACTIVATIONS, wires + remote, remote, holder))
        if back is not None and local is not None:
            ways.append(Use(Way.WEIGHTS, _exposed(problem, back, size) + local, local, site))
        return min(ways, key=lambda use: use.time_ns, default=None)


def _distances(layer: MoeLayer) -> dict[tuple[Mode, int, int], int]:
    """Distance by (mode, expert, representative); what is absent may not serve."""
    found = {(Mode.KEEP, i, i): 0 for i in range(layer.experts)}
    found |= {(Mode.MERGE, j, j): 0 for _, j, _ in layer.merge}
    found |= {(Mode.MERGE, i, j): distance for i, j, distance in layer.merge}
    if layer.distil is not None:
        found |= {(Mode.DISTIL, i, j): distance for i, j, distance in layer.distil.pairs}
    losses = () if layer.share is None else layer.share.loss_ppm
    found |= {(Mode.SHARE, i, i): loss for i, loss in enumerate(losses) if loss is not None}
    return found


def _compute(holder: Holder, size: int) -> int | None:
    if holder.read_bytes_per_s is None:
        return None
    return holder.overhead_ns + ceil(Fraction(size * 10**9, holder.read_bytes_per_s))


def _wire(link: LinkRate, size: int) -> int:
    return link.latency_ns + ceil(Fraction(8 * size * 10**9, link.bandwidth_bit_per_s))


def _exposed(problem: OffloadPlacementProblem, link: LinkRate, size: int) -> int:
    ahead = problem.prefetch
    if ahead is None:
        return _wire(link, size)
    recall = Fraction(ahead.recall_ppm, 10**6)
    time = _wire(link, ceil(size * (1 + recall * Fraction(ahead.waste_ppm, 10**6))))
    return ceil(recall * max(0, time - ahead.lead_ns) + (1 - recall) * time)
