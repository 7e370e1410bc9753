"""Upper bounds on the quality of all selections in a box, for many boxes at once.

With lines F_c(S) ≤ b_c(p_c) + Σ_{i∈S} s_ci(p_c) (expert_selection_lines),

    Σ_c w_c F_c(S) ≤ b(p) + Σ_{i∈S} ρ_i(p)

and over the selections within the budgets the right-hand side is bounded by a fractional knapsack
in one row, the other rows priced by multipliers λ ≥ 0. The parameters p and λ descend along
subgradients (Held, Wolfe and Crowder, Mathematical Programming 6, 1974; step sizes after Polyak).
With p_c = the share that a selection A already has in c, s_ci is the gain of i over A: the bound of
Nemhauser, Wolsey and Fisher is one member of the family, the linear relaxation of the assignment
program its best. Every p and λ is valid, so the descent may stop anywhere.
"""

from dataclasses import dataclass

import numpy as np

from solvers.base import Stopwatch
from solvers.search.expert_selection_lines import Lines
from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_quality import Floats, Ints

_FIELDS = ("inside", "free", "state", "params", "prices", "reduced")


@dataclass(frozen=True, eq=False)
class Boxes:
    """B boxes: all selections that contain `inside` [B, n] and besides only `free` ones [B, n].

    state: [B, k, C] of the experts inside; params: [B, C] and prices: [B, R] to descend from, and
    reduced: [B, n] as in Bounds, where the descent ended that found them (0 before any).
    """

    inside: Bools
    free: Bools
    state: Floats
    params: Floats
    prices: Floats
    reduced: Floats

    def __len__(self) -> int:
        return len(self.inside)

    def one(self, number: int) -> "Boxes":
        """One of them, in memory of its own."""
        part = slice(number, number + 1)
        return Boxes(*(getattr(self, name)[part].copy() for name in _FIELDS))

    def take(self, which: Bools | Ints) -> "Boxes":
        """Some of them."""
        return Boxes(*(getattr(self, name)[which] for name in _FIELDS))

    @staticmethod
    def join(parts: "list[Boxes]") -> "Boxes":
        """All boxes of the parts, in their order."""
        return Boxes(*(np.concatenate([getattr(part, f) for part in parts]) for f in _FIELDS))


@dataclass(frozen=True, eq=False)
class Bounds:
    """What a descent found out about each box.

    bound: [B] ppm; params, prices: where it was found; reduced: [B, n] ρ less all prices, by which
    the bound falls when an expert above 0 is left out, or one below 0 taken; rounded: [B, n] the
    experts that the knapsack takes whole.
    """

    bound: Floats
    params: Floats
    prices: Floats
    reduced: Floats
    rounded: Bools


class LinearBound:
    """The descent for the boxes of one problem."""

    def __init__(self, tables: Tables, lines: Lines, watch: Stopwatch) -> None:
        self.lines, self.watch = lines, watch
        rows = tables.rows * tables.allowed
        counts = np.maximum((rows > 0).sum(axis=1), 1)
        # In units of a typical expert the rows are alike, and one step length serves all.
        typical = np.maximum(rows.sum(axis=1) / counts, 1e-9)
        self.cost = rows / typical[:, None]
        self.room = tables.limits / typical
        demand = self.cost.sum(axis=1) / np.maximum(self.room, 1e-9)
        self.main = int(demand.argmax()) if len(demand) else None

    def root(self, allowed: Bools) -> Boxes:
        """The box of all selections."""
        return Boxes(
            np.zeros((1, len(allowed)), dtype=np.bool_),
            allowed[None].copy(),
            self.lines.empty()[None],
            self.lines.start()[None],
            np.zeros((1, len(self.room))),
            np.zeros((1, len(allowed))),
        )

    def bound(self, boxes: Boxes, target: float, steps: int) -> Bounds:
        """The least bounds within `steps` steps, which end when all are below the target.

        Where the watch says stop before the first step, they are infinite.
        """
        descent = _Descent(self, boxes, target)
        for _ in range(steps):
            if self.watch.expired():
                break
            descent.step()
            descent.leave_out_the_finished()
            if not len(descent.at):
                break
        return descent.best


class _Descent:
    """One descent for a batch of boxes; at: [b] those of them that still move."""

    def __init__(self, parent: LinearBound, boxes: Boxes, target: float) -> None:
        self.lines, self.cost, self.main = parent.lines, parent.cost, parent.main
        self.target = target
        self.goal = target if np.isfinite(target) else 0.0
        self.at = np.arange(len(boxes))
        self.free, self.state = boxes.free, boxes.state
        self.room = parent.room - boxes.inside @ parent.cost.T
        self.params = parent.lines.clip(boxes.params, boxes.state)
        self.prices = boxes.prices.copy()
        size = boxes.inside.shape
        self.best = Bounds(
            np.full(size[0], np.inf),
            self.params.copy(),
            self.prices.copy(),
            np.zeros(size),
            np.zeros(size, dtype=np.bool_),
        )
        self.length = np.ones(size[0])
        self.stalled = np.zeros(size[0], dtype=np.int64)
        self.resting = np.zeros(size[0], dtype=np.bool_)

    def leave_out_the_finished(self) -> None:
        """Drop the boxes below the target and those that cannot gain from another step."""
        moving = ~(self.resting | (self.best.bound[self.at] < self.target))
        if moving.all():
            return
        self.at, self.free, self.state = self.at[moving], self.free[moving], self.state[moving]
        self.room, self.params = self.room[moving], self.params[moving]
        self.prices, self.length = self.prices[moving], self.length[moving]
        self.stalled, self.resting = self.stalled[moving], self.resting[moving]

    def step(self) -> None:
        """Price the current points, then move against the subgradients."""
        base, rho = self.lines.line(self.params, self.state)
        if self.main is not None:
            self.prices[:, self.main] = 0.0
        rho = np.where(self.free, rho - self.prices @ self.cost, -np.inf)
        order, x, price = self._knapsack(rho)
        ordered = np.take_along_axis(rho, order, axis=1)
        earned = (x * np.where(x > 0, ordered, 0.0)).sum(axis=1)
        value = base + (self.prices * self.room).sum(axis=1) + earned
        reduced = rho
        if self.main is not None:
            reduced = rho - price[:, None] * self.cost[self.main]
            self.prices[:, self.main] = price
        self._remember(value, reduced, order, x)
        self._move(value, order, x)

    def _knapsack(self, rho: Floats) -> tuple[Ints, Floats, Floats]:
        """The fractional knapsack in the main row.

        ([B, m] experts by falling density, [B, m] how much of each is taken, [B] price).
        """
        if self.main is None:
            order = np.argsort(-rho, axis=1, kind="stable")
            x = (np.take_along_axis(rho, order, axis=1) > 0).astype(np.float64)
            return order, x, np.zeros(len(rho))
        cost = self.cost[self.main]
        # No floor under the costs: one byte beside gigabytes still is taken whole, or not at all.
        with_cost = np.where(cost > 0, cost, 1.0)
        density = np.where(cost > 0, rho / with_cost, np.inf)
        density = np.where(rho > 0, density, -1.0)
        order = np.argsort(-density, axis=1, kind="stable")
        density = np.take_along_axis(density, order, axis=1)
        each = np.where(density > 0, cost[order], 0.0)
        before = np.cumsum(each, axis=1) - each
        room = self.room[:, self.main][:, None]
        x = np.clip((room - before) / np.where(each > 0, each, 1.0), 0.0, 1.0)
        x = np.where(each > 0, x, (density > 0).astype(np.float64))
        short = (x < 1) & (density > 0)
        at = short.argmax(axis=1)
        price = np.where(short.any(axis=1), density[np.arange(len(at)), at], 0.0)
        count = max(1, int((x > 0).sum(axis=1).max()))
        return order[:, :count], x[:, :count], price

    def _remember(self, value: Floats, reduced: Floats, order: Ints, x: Floats) -> None:
        kept = self.best
        better = value < kept.bound[self.at] - 1e-9
        where = self.at[better]
        kept.bound[where] = value[better]
        kept.params[where] = self.params[better]
        kept.prices[where] = self.prices[better]
        kept.reduced[where] = reduced[better]
        rounded = np.zeros(reduced.shape, dtype=np.bool_)
        np.put_along_axis(rounded, order, x > 1 - 1e-9, axis=1)
        kept.rounded[where] = rounded[better]
        self.stalled = np.where(better, 0, self.stalled + 1)

    def _move(self, value: Floats, order: Ints, x: Floats) -> None:
        # After three steps without gain: back to the best point with half the step.
        back = self.stalled >= 3
        slope = self.lines.slope(self.params, self.state, order, x)
        taken = np.zeros(self.free.shape)
        np.put_along_axis(taken, order, x, axis=1)
        spare = self.room - taken @ self.cost.T
        if self.main is not None:
            spare[:, self.main] = 0.0
        spare[(self.prices <= 0) & (spare > 0)] = 0.0
        square = (slope**2).sum(axis=1) + (spare**2).sum(axis=1)
        self.resting = (square < 1e-12) | (self.length < 1e-4)
        step = self.length * np.maximum(value - self.goal, 1e-3) / np.maximum(square, 1e-12)
        params = self.lines.clip(self.params - step[:, None] * slope, self.state)
        prices = np.maximum(self.prices - step[:, None] * spare, 0.0)
        self.params = np.where(back[:, None], self.best.params[self.at], params)
        self.prices = np.where(back[:, None], self.best.prices[self.at], prices)
        self.length = np.where(back, self.length / 2, self.length)
        self.stalled[back] = 0
