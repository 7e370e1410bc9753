"""Upper bounds on the quality of all selections between `inside` and `inside` with all of `free`.

The linear bounds rest on a family of lines above each cluster's quality, one parameter p_c each:

    F_c(S) ≤ b_c(p_c) + Σ_{i∈S} s_ci(p_c),   so   Σ_c w_c F_c(S) ≤ b(p) + Σ_{i∈S} ρ_i(p)

Over selections within the budgets the right-hand side is bounded by a fractional knapsack in the
row that is tightest, the other rows priced by multipliers λ ≥ 0; the parameters descend along
subgradients (Held, Wolfe and Crowder, Mathematical Programming 6, 1974; step sizes after Polyak).
With p_c = the share that a selection A already has in c, s_ci is the gain of i over A: the
bound of Nemhauser, Wolsey and Fisher is one member of the family, the linear relaxation of the
assignment program its best. Every p and λ is valid, so the descent may stop anywhere.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_quality import Coverage, Floats, SetFunction, TopK


@dataclass(frozen=True, eq=False)
class Box:
    """All selections that contain `inside` [n] and besides only `free` ones [n]."""

    inside: Bools
    free: Bools


@dataclass(frozen=True, eq=False)
class Memory:
    """Where a descent ended: params [C] of the lines, prices [R] of the rows."""

    params: Floats
    prices: Floats


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is known of a box.

    bound: ppm; memory: for the children; must, never: [n] free experts that every selection above
    the target contains, or does not contain; score: [n] how much a branch on each moves.
    """

    bound: float
    memory: Memory | None
    must: Bools
    never: Bools
    score: Floats


class Lines(Protocol):
    """A family of lines above the quality."""

    def start(self) -> Floats:
        """Parameters [C] to begin with."""
        ...

    def clip(self, params: Floats, state: Floats) -> Floats:
        """The parameters moved to where they are no worse for a given state of `inside`."""
        ...

    def rows(self, free: Bools) -> Floats:
        """[f, C] what `line` needs of the free experts."""
        ...

    def line(self, params: Floats, state: Floats, rows: Floats) -> tuple[float, Floats, Floats]:
        """(b with the experts inside, ρ [f] of the free ones, [f, C] for the slope)."""
        ...

    def slope(self, params: Floats, state: Floats, active: Floats, x: Floats) -> Floats:
        """[C] derivative of the bound by the parameters where the free ones are taken at x [f]."""
        ...


class ShareLines:
    """best_expert, top_k: k p_c + Σ_{i∈S} max(share_ci - p_c, 0), p_c ≥ 0."""

    def __init__(self, function: TopK) -> None:
        self.function = function

    def start(self) -> Floats:
        """Half of the best share."""
        return np.asarray(self.function.share.max(axis=0) / 2)

    def clip(self, params: Floats, state: Floats) -> Floats:
        """Below the k-th best share inside, the bound falls with p_c."""
        return np.asarray(np.maximum(params, state[0]))

    def rows(self, free: Bools) -> Floats:
        """The shares."""
        return self.function.share if free.all() else self.function.share[free]

    def line(self, params: Floats, state: Floats, rows: Floats) -> tuple[float, Floats, Floats]:
        """The excess of each free expert over p."""
        above = rows - params
        np.maximum(above, 0.0, out=above)
        held = np.maximum(state - params, 0.0).sum()
        return float(self.function.k * params.sum() + held), above.sum(axis=1), above

    def slope(self, params: Floats, state: Floats, active: Floats, x: Floats) -> Floats:
        """Places less the experts taken that lie above p."""
        slope = self.function.k - (state > params).sum(axis=0) - x @ (active > 0)
        # A parameter at its least value stays there.
        return np.where((params <= state[0]) & (slope > 0), 0.0, slope)


class ModularLines:
    """modular is a line itself."""

    def __init__(self, function: TopK) -> None:
        self.function = function

    def start(self) -> Floats:
        """No parameters."""
        return np.zeros(0)

    def clip(self, params: Floats, state: Floats) -> Floats:
        """Nothing to move."""
        return params

    def rows(self, free: Bools) -> Floats:
        """[f, 1] the quality each adds."""
        return self.function.gains(self.function.start(), np.flatnonzero(free))[:, None]

    def line(self, params: Floats, state: Floats, rows: Floats) -> tuple[float, Floats, Floats]:
        """The line."""
        return float(state.sum()), rows[:, 0], rows

    def slope(self, params: Floats, state: Floats, active: Floats, x: Floats) -> Floats:
        """No parameters."""
        return params


class CoverageLines:
    """Capped tangents of coverage.

    With a_i = -ln(1 - p_i) and m missed by the experts inside, per cluster,

        1 - m e^{-t} (1 + t) + m e^{-t} Σ_{i∈S} min(a_i, 1 + t),   t ≥ 0

    are the tangents of 1 - m e^{-Σ a_i}, slopes capped where one expert alone reaches 1; at t = 0
    the slope is p_i (Weierstrass' product inequality), the gain itself.
    """

    def __init__(self, function: Coverage) -> None:
        self.function = function
        # A sure hit is worth -ln 10⁻¹⁵: an error of 10⁻⁹ ppm instead of an infinity.
        self.strength = -np.log(np.maximum(1 - function.hit, 1e-15))

    def start(self) -> Floats:
        """The gains of single experts."""
        return np.zeros(self.function.hit.shape[1])

    def clip(self, params: Floats, state: Floats) -> Floats:
        """No negative tangent point."""
        return np.maximum(params, 0.0)

    def rows(self, free: Bools) -> Floats:
        """Strengths of the free experts."""
        return np.asarray(self.strength[free])

    def line(self, params: Floats, state: Floats, rows: Floats) -> tuple[float, Floats, Floats]:
        """The capped tangents."""
        scale = self.function.weight * state[0]
        slope = np.minimum(rows, 1 + params)
        at_zero = params == 0
        slope[:, at_zero] = 1 - np.exp(-rows[:, at_zero])
        base = self.function.weight.sum() - scale @ (np.exp(-params) * (1 + params))
        return float(base), slope @ (scale * np.exp(-params)), slope

    def slope(self, params: Floats, state: Floats, active: Floats, x: Floats) -> Floats:
        """The tangent point follows the strength that is taken."""
        capped = x @ (active >= 1 + params)
        scale = self.function.weight * state[0] * np.exp(-params)
        slope = scale * (params - x @ active + capped)
        return np.where((params <= 0) & (slope > 0), 0.0, slope)


def lines_of(function: SetFunction) -> Lines | None:
    """The lines above a quality model, None for those that have none."""
    if isinstance(function, Coverage):
        return CoverageLines(function)
    if isinstance(function, TopK):
        return ModularLines(function) if function.modular else ShareLines(function)
    return None


class LinearBound:
    """The descent over p and λ; `tables.function` may be any function below `function`."""

    def __init__(self, tables: Tables, function: SetFunction, lines: Lines) -> None:
        self.tables = tables
        self.function = function
        self.lines = lines
        positive = np.where(tables.rows > 0, tables.rows, np.nan)
        typical = np.nanmean(positive, axis=1) if len(positive) else np.zeros(0)
        # In units of a typical expert the rows are alike, and one step length serves all.
        self.cost = tables.rows / typical[:, None]
        self.room = tables.limits / typical

    def first(self) -> Memory:
        """Parameters for the root."""
        return Memory(self.lines.start(), np.zeros(len(self.room)))

    def bound(self, box: Box, memory: Memory, target: float, steps: int) -> Verdict:
        """The least bound of `steps` steps, which end as soon as it is below the target."""
        state = self.function.start()
        for expert in np.flatnonzero(box.inside):
            state = self.function.add(state, int(expert))
        descent = _Descent(self, box, state, memory)
        for _ in range(steps):
            descent.step(target)
            if descent.best.value < target or descent.at_rest:
                break
        return descent.verdict(target)


@dataclass(frozen=True, eq=False)
class _Point:
    """A visited point: its bound and what goes with it; reduced: [f] ρ less all prices."""

    value: float
    params: Floats
    prices: Floats
    reduced: Floats


class _Descent:
    """One descent for one box."""

    def __init__(self, parent: LinearBound, box: Box, state: Floats, memory: Memory) -> None:
        self.box, self.state, self.lines = box, state, parent.lines
        self.base = float(parent.function.values(box.inside[None])[0]) if box.inside.any() else 0.0
        self.candidates = np.flatnonzero(box.free)
        self.rows = parent.lines.rows(box.free)
        self.cost = parent.cost[:, box.free]
        self.room = parent.room - parent.cost @ box.inside
        self.gains = parent.function.gains(state, self.candidates)
        demand = self.cost.sum(axis=1) / np.maximum(self.room, 1e-9)
        self.main = int(demand.argmax()) if len(demand) and demand.max() > 1 else None
        self.params = parent.lines.clip(memory.params, state)
        self.prices = memory.prices.copy()
        self.best = _Point(np.inf, self.params, self.prices, self.gains)
        self.length, self.stalled, self.at_rest = 1.0, 0, False

    def step(self, target: float) -> None:
        """Price the current point, then move against the subgradient."""
        base, rho, active = self.lines.line(self.params, self.state, self.rows)
        if not self.params.size:
            base = self.base
        others = self.prices.copy()
        if self.main is not None:
            others[self.main] = 0.0
        rho = rho - others @ self.cost
        x, price = self._knapsack(rho)
        value = base + float(others @ self.room) + float(x @ rho)
        if self.main is not None:
            rho = rho - price * self.cost[self.main]
            others[self.main] = price
        self._remember(_Point(value, self.params, others, rho))
        goal = target if np.isfinite(target) else 0.0
        self._move(x, active, max(value - goal, 1e-3))

    def _knapsack(self, rho: Floats) -> tuple[Floats, float]:
        """The fractional knapsack in the main row: x [f] and the price of its last unit."""
        x = (rho > 0).astype(np.float64)
        if self.main is None:
            return x, 0.0
        cost, room = self.cost[self.main], float(self.room[self.main])
        density = np.where(cost > 0, rho / np.maximum(cost, 1e-12), np.inf)
        order = np.argsort(-density, kind="stable")
        order = order[rho[order] > 0]
        filled = np.cumsum(cost[order])
        whole = int(filled.searchsorted(room, side="right"))
        if whole == len(order):
            return x, 0.0
        last = order[whole]
        x[order[whole:]] = 0.0
        x[last] = (room - (filled[whole - 1] if whole else 0.0)) / cost[last]
        return x, float(density[last])

    def _remember(self, point: _Point) -> None:
        if point.value < self.best.value - 1e-9:
            self.best, self.stalled = point, 0
            return
        self.stalled += 1
        if self.stalled >= 3:
            # Back to the best point with half the step.
            self.length, self.stalled = self.length / 2, 0
            self.params, self.prices = self.best.params, self.best.prices.copy()

    def _move(self, x: Floats, active: Floats, excess: float) -> None:
        slope = self.lines.slope(self.params, self.state, active, x)
        spare = self.room - self.cost @ x
        if self.main is not None:
            spare[self.main] = 0.0
        spare = np.where((self.prices <= 0) & (spare > 0), 0.0, spare)
        square = float(slope @ slope + spare @ spare)
        if square < 1e-12 or self.length < 1e-4:
            self.at_rest = True
            return
        step = self.length * excess / square
        self.params = self.lines.clip(self.params - step * slope, self.state)
        self.prices = np.maximum(self.prices - step * spare, 0.0)

    def verdict(self, target: float) -> Verdict:
        """The best point seen, and what its reduced qualities decide (step 2 and 4 of the search).

        Taking an expert of reduced quality r < 0 lowers the bound by -r, leaving one with r > 0
        by r.
        """
        must = np.zeros(len(self.box.free), dtype=np.bool_)
        never, score = must.copy(), np.zeros(len(self.box.free))
        slack = self.best.value - target
        must[self.candidates] = self.best.reduced > slack
        never[self.candidates] = -self.best.reduced > slack
        score[self.candidates] = self.gains
        memory = Memory(self.best.params, self.best.prices)
        return Verdict(self.best.value, memory, must, never, score)
