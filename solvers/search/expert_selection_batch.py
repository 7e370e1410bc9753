"""Branch, reduce and bound in batches, for quality models that lie under lines.

The best open boxes are split together, and their children reduced and bounded as arrays with the
box as first axis: at these sizes a box by itself would cost more calls than work.
"""

import heapq
from dataclasses import replace

import numpy as np

from solvers.base import Stopwatch
from solvers.search.expert_selection_bounds import Bounds, Boxes, LinearBound
from solvers.search.expert_selection_incumbent import Incumbent
from solvers.search.expert_selection_lines import Lines
from solvers.search.expert_selection_reduce import reduce
from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_greedy import by_gain, by_ratio, complete
from solvers.tables.expert_selection_quality import Floats, TopK

_ROOT_STEPS = 20
_STEPS = 6
# Boxes split at once, and the cells (experts x clusters x boxes) that a batch may have.
_WIDTH = 48
_CELLS = 2 * 10**6
# Boxes are split on the largest gain less so many times what the bound says of either way: on an
# expert that is worth much and not decided by the bound already.
_DECIDED = 5.0
# Roundings looked at per batch.
_ROUNDED = 8


class BatchSearch:
    """One search; `run` it once."""

    def __init__(
        self, tables: Tables, lines: Lines, watch: Stopwatch, incumbent: Incumbent
    ) -> None:
        self.tables, self.watch, self.incumbent = tables, watch, incumbent
        self.linear = LinearBound(tables, lines, watch)
        self.width = max(1, min(_WIDTH, _CELLS // tables.quality.size))
        self.boxes = 0
        self._number = 0
        self._open: list[tuple[float, int, Boxes, int]] = []

    def run(self) -> float | None:
        """The bound on what is still open when the watch said stop, None when nothing is."""
        root = self.linear.root(self.tables.allowed)
        for price in (by_ratio(self.tables), by_gain):
            self._offer(complete(self.tables, root.inside[0], root.free[0], price))
        self._enter(root, np.array([np.inf]), _ROOT_STEPS)
        while self._open:
            bound = -self._open[0][0]
            if bound < self.incumbent.target:
                return None
            self.incumbent.bounded(bound)
            if self.watch.expired():
                return bound
            children, above = self._split()
            best = children.inside[0], children.free[0]
            self._offer(complete(self.tables, *best, by_ratio(self.tables)))
            self._enter(children, above, _STEPS)
        return None

    def _offer(self, chosen: Bools | None) -> None:
        if chosen is not None:
            self.incumbent.offer(chosen)

    def _split(self) -> tuple[Boxes, Floats]:
        """The children of the best open boxes, and the bounds they inherit."""
        parents: list[Boxes] = []
        picks: list[int] = []
        above: list[float] = []
        while self._open and len(parents) < self.width:
            bound, _, box, pick = heapq.heappop(self._open)
            if -bound < self.incumbent.target:
                break
            parents.append(box)
            picks.append(pick)
            above.append(-bound)
        boxes = Boxes.join(parents)
        at, experts = np.arange(len(boxes)), np.array(picks)
        free = boxes.free.copy()
        free[at, experts] = False
        inside = boxes.inside.copy()
        inside[at, experts] = True
        state = self.linear.lines.grow(boxes.state, experts)
        taken = replace(boxes, inside=inside, free=free, state=state)
        left = replace(boxes, free=free)
        return Boxes.join([taken, left]), np.tile(np.array(above), 2)

    def _enter(self, boxes: Boxes, above: Floats, steps: int) -> None:
        """Reduce, close, bound, round and fix; open what is left."""
        self.boxes += len(boxes)
        boxes, above = self._reduced(boxes, above)
        if not len(boxes):
            return
        bounds = self.linear.bound(boxes, self.incumbent.target, steps)
        above = np.minimum(above, bounds.bound)
        self._round(boxes, bounds, above)
        above = self._under_the_whole(boxes, above)
        kept = np.flatnonzero(above >= self.incumbent.target)
        slack = bounds.bound[kept, None] - self.incumbent.target
        reduced = np.where(boxes.free[kept], bounds.reduced[kept], 0.0)
        must, never = reduced > slack, -reduced > slack
        fixed = Boxes(
            boxes.inside[kept] | must,
            boxes.free[kept] & ~must & ~never,
            self._grown(boxes.state[kept], must),
            bounds.params[kept],
            bounds.prices[kept],
            reduced,
        )
        # Only its children would bound a box again: fewer boxes at a time cost more each.
        self._push(*self._reduced(fixed, above[kept]))

    def _reduced(self, boxes: Boxes, above: Floats) -> tuple[Boxes, Floats]:
        """The boxes narrowed by the budgets, without those that are closed or empty."""
        inside, free, alive = reduce(self.tables, boxes.inside, boxes.free)
        whole = inside | free
        fits = alive & (whole @ self.tables.rows.T <= self.tables.limits).all(axis=1)
        for box in np.flatnonzero(fits):
            # Monotone: a box that is feasible as a whole is its own best selection.
            if self.tables.feasible(whole[box]):
                self.incumbent.offer(whole[box])
                alive[box] = False
        alive &= free.any(axis=1)
        state = self._grown(boxes.state[alive], (inside & ~boxes.inside)[alive])
        kept = boxes.take(alive)
        return replace(kept, inside=inside[alive], free=free[alive], state=state), above[alive]

    def _grown(self, state: Floats, added: Bools) -> Floats:
        """The states with all added experts [B, n]."""
        state, added = state.copy(), added.copy()
        rows = np.flatnonzero(added.any(axis=1))
        while len(rows):
            experts = added[rows].argmax(axis=1)
            state[rows] = self.linear.lines.grow(state[rows], experts)
            added[rows, experts] = False
            rows = rows[added[rows].any(axis=1)]
        return state

    def _round(self, boxes: Boxes, bounds: Bounds, above: Floats) -> None:
        """Offer what the knapsacks of the best boxes take whole."""
        for box in np.argsort(-above, kind="stable")[:_ROUNDED]:
            chosen = boxes.inside[box] | bounds.rounded[box]
            quality = float(self.tables.function.values(chosen[None])[0])
            if quality >= self.incumbent.target and self.tables.feasible(chosen):
                self.incumbent.offer(chosen)

    def _under_the_whole(self, boxes: Boxes, above: Floats) -> Floats:
        """The bounds, no larger than the quality of a box's largest member."""
        above, function = above.copy(), self.tables.function
        open_ = np.flatnonzero(above >= self.incumbent.target)
        whole = boxes.inside[open_] | boxes.free[open_]
        if isinstance(function, TopK) and function.hit is not None:
            above[open_] = np.minimum(above[open_], function.values(whole))
            return above
        # One at a time, only the rows of its members are read.
        for box, members in zip(open_, whole, strict=True):
            above[box] = min(above[box], float(function.values(members[None])[0]))
        return above

    def _push(self, boxes: Boxes, above: Floats) -> None:
        if not len(boxes):
            return
        score = self.linear.lines.gains(boxes.state) - _DECIDED * np.abs(boxes.reduced)
        score = np.where(boxes.free, score, -np.inf)
        for box, pick in enumerate(score.argmax(axis=1).tolist()):
            self._number += 1
            entry = (-float(above[box]), self._number, boxes.one(box), pick)
            heapq.heappush(self._open, entry)
