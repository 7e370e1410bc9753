"""Branch, reduce and bound one box at a time, for quality models known by their values alone.

Without lines the bound of a box U = inside ∪ free is the best its largest member could be: f(U)
where f is monotone, else the envelope over the box that the model offers. A free expert without
which that bound falls below the target joins; boxes are split on the expert whose absence costs
most. Where U breaks a budget by some excess, a selection leaves out experts T of that weight, and
is no better than f(U ∖ i) of any i in T: with the free experts in descending order of f(U ∖ i), the
one at which their weights reach the excess bounds the box.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from solvers.base import Stopwatch
from solvers.search.expert_selection_bounds import Boxes, LinearBound
from solvers.search.expert_selection_incumbent import Incumbent
from solvers.search.expert_selection_lines import lines_of
from solvers.search.expert_selection_reduce import reduce
from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_greedy import by_gain, by_ratio, complete
from solvers.tables.expert_selection_quality import Floats, Gated, Ints, Measured

_ROOT_STEPS = 100
# A greedy completion costs as much as twenty boxes: the first boxes have one, then one in so many.
_COMPLETED = 32


@dataclass(frozen=True, eq=False)
class Box:
    """All selections that contain `inside` [n] and besides only `free` ones [n]."""

    inside: Bools
    free: Bools


class BoxSearch:
    """One search; `run` it once."""

    def __init__(self, tables: Tables, watch: Stopwatch, incumbent: Incumbent) -> None:
        self.tables, self.watch, self.incumbent = tables, watch, incumbent
        self.function = tables.function
        self.boxes = 0
        self._open: list[tuple[float, int, Box, int]] = []

    def run(self) -> float | None:
        """The bound on what is still open when the watch said stop, None when nothing is."""
        self._enter(Box(self.tables.chosen([]), self.tables.allowed.copy()), self._relaxed())
        while self._open:
            bound, _, box, pick = self._open[0]
            if -bound < self.incumbent.target:
                return None
            self.incumbent.bounded(-bound)
            if self.watch.expired():
                return -bound
            heapq.heappop(self._open)
            free, inside = box.free.copy(), box.inside.copy()
            free[pick], inside[pick] = False, True
            self._enter(Box(inside, free), -bound)
            self._enter(Box(box.inside, free), -bound)
        return None

    def _relaxed(self) -> float:
        """A bound on everything from the lines above a model that lies above this one."""
        if not isinstance(self.function, Gated):
            return np.inf
        lines = lines_of(self.function.best_of())
        if lines is None:
            return np.inf
        linear = LinearBound(self.tables, lines, self.watch)
        root: Boxes = linear.root(self.tables.allowed)
        return float(linear.bound(root, -np.inf, _ROOT_STEPS).bound[0])

    def _enter(self, box: Box, above: float) -> None:
        """Reduce, close, complete and bound one box; what is left of it joins the open ones."""
        self.boxes += 1
        while True:
            inside, free, alive = reduce(self.tables, box.inside[None], box.free[None])
            box = Box(inside[0], free[0])
            if not alive[0] or self._closed(box):
                return
            if self.boxes <= _COMPLETED or self.boxes % _COMPLETED == 0:
                self._complete(box)
            bound, without = self.bounds(box)
            bound = min(bound, above)
            if bound < self.incumbent.target or bound == -np.inf:
                return
            must = box.free & ((without < self.incumbent.target) | (without == -np.inf))
            if not must.any():
                break
            box = Box(box.inside | must, box.free & ~must)
        pick = int(np.where(box.free, without, np.inf).argmin())
        heapq.heappush(self._open, (-bound, self.boxes, box, pick))

    def _closed(self, box: Box) -> bool:
        """Whether nothing is left to decide; offers what the box then holds."""
        best: Bools | None = box.inside | box.free
        if isinstance(self.function, Measured):
            best = self.function.best(box.inside, box.free)
        decided = not box.free.any()
        if best is not None and (decided or self._knows_its_best()) and self.tables.feasible(best):
            self.incumbent.offer(best)
            return True
        return decided

    def _knows_its_best(self) -> bool:
        return self.function.monotone or isinstance(self.function, Measured)

    def _complete(self, box: Box) -> None:
        prices = [by_ratio(self.tables)] if box.inside.any() else [by_ratio(self.tables), by_gain]
        for price in prices:
            chosen = complete(self.tables, box.inside, box.free, price)
            if chosen is not None:
                self.incumbent.offer(chosen)

    def bounds(self, box: Box) -> tuple[float, Floats]:
        """The bound of the box, and [n] those of the box without each free expert."""
        experts = np.flatnonzero(box.free)
        frees = np.repeat(box.free[None], len(experts) + 1, axis=0)
        frees[np.arange(len(experts)), experts] = False
        if isinstance(self.function, Gated | Measured):
            values = np.array([self.function.box(box.inside, free) for free in frees])
        else:
            values = self.function.values(box.inside | frees)
        without = np.full(len(box.free), np.inf)
        without[experts] = values[:-1]
        return min(float(values[-1]), self._after_the_excess(box, experts, values[:-1])), without

    def _after_the_excess(self, box: Box, experts: Ints, without: Floats) -> float:
        """The bound from what has to be left out; experts: [m] the free ones, without: [m]."""
        rows = self.tables.rows
        excess = rows @ (box.inside | box.free) - self.tables.limits
        order = np.argsort(-without, kind="stable")
        bound = np.inf
        for row in np.flatnonzero(excess > 0):
            left_out = np.cumsum(rows[row, experts[order]])
            last = int(np.searchsorted(left_out, excess[row]))
            # Reduced boxes hold `inside` within every budget, so that the excess is reached.
            bound = min(bound, float(without[order[last]]))
        return bound
