"""Lines above the quality of a cluster, for many boxes at once.

    F_c(S) ≤ b_c(p_c) + Σ_{i∈S} s_ci(p_c)   for every S and every value of the parameter p_c

Arrays have the box as their first axis: params [B, C], state [B, k, C] (of the experts inside, see
solvers.tables.expert_selection_quality), slopes ρ [B, n] summed over the mix of clusters.
"""

from typing import Protocol

import numpy as np

from solvers.tables.expert_selection_quality import Coverage, Floats, Ints, SetFunction, TopK

# Cells of a temporary block, 1 MB: it stays in the cache, and a product of this size stays below
# that from which OpenBLAS starts threads, which beside another busy process cost ten times more.
_BLOCK = 2**17


class Lines(Protocol):
    """A family of lines above the quality."""

    def start(self) -> Floats:
        """Parameters [C] to begin with."""
        ...

    def empty(self) -> Floats:
        """The state [k, C] of no expert."""
        ...

    def grow(self, state: Floats, expert: Ints) -> Floats:
        """The states with one expert more each; expert: [B]."""
        ...

    def clip(self, params: Floats, state: Floats) -> Floats:
        """The parameters moved to where they are no worse, given the experts inside."""
        ...

    def line(self, params: Floats, state: Floats) -> tuple[Floats, Floats]:
        """(b [B] with what the experts inside add, ρ [B, n])."""
        ...

    def gains(self, state: Floats) -> Floats:
        """[B, n] by how much each expert alone would raise the quality of those inside."""
        ...

    def slope(self, params: Floats, state: Floats, taken: Ints, x: Floats) -> Floats:
        """[B, C] derivative by the parameters where free experts taken [B, m] are taken at x."""
        ...


class ShareLines:
    """best_expert, top_k: k p_c + Σ_{i∈S} max(share_ci - p_c, 0), p_c ≥ 0."""

    def __init__(self, function: TopK) -> None:
        self.share, self.k = function.share, function.k
        self.top, self.hit = function.top, function.hit

    def start(self) -> Floats:
        """Half of the best share."""
        return self.top / 2

    def empty(self) -> Floats:
        """No shares."""
        return np.zeros((self.k, self.share.shape[1]))

    def grow(self, state: Floats, expert: Ints) -> Floats:
        """The k best shares, smallest first."""
        joined = self.share[expert][:, None]
        if self.k == 1:
            return np.asarray(np.maximum(state, joined))
        return np.sort(np.concatenate([state, joined], axis=1), axis=1)[:, 1:]

    def clip(self, params: Floats, state: Floats) -> Floats:
        """Below the k-th best share inside, the bound falls with p_c."""
        return np.asarray(np.maximum(params, state[:, 0]))

    def line(self, params: Floats, state: Floats) -> tuple[Floats, Floats]:
        """What exceeds p."""
        base = self.k * params.sum(axis=1)
        if self.k > 1:
            base = base + np.maximum(state - params[:, None], 0.0).sum(axis=(1, 2))
        return base, self._excess(params)

    def gains(self, state: Floats) -> Floats:
        """What exceeds the k-th best share inside."""
        return self._excess(state[:, 0])

    def _excess(self, params: Floats) -> Floats:
        """[B, n] Σ_c max(share - p, 0)."""
        experts, clusters = self.share.shape
        found = np.empty((len(params), experts))
        wide = max(1, _BLOCK // self.share.size)
        if self.hit is not None:
            above = np.maximum(self.top - params, 0.0)
            for box in range(0, len(params), wide):
                np.matmul(above[box : box + wide], self.hit.T, out=found[box : box + wide])
            return found
        tall = max(1, _BLOCK // clusters)
        for box in range(0, len(params), wide):
            for first in range(0, experts, tall):
                above = self.share[first : first + tall] - params[box : box + wide, None]
                np.maximum(above, 0.0, out=above)
                found[box : box + wide, first : first + tall] = above.sum(axis=2)
        return found

    def slope(self, params: Floats, state: Floats, taken: Ints, x: Floats) -> Floats:
        """Places less the experts taken that lie above p; a parameter at its least value stays."""
        slope = np.full(params.shape, float(self.k))
        if self.k > 1:
            slope -= (state > params[:, None]).sum(axis=1)
        if self.hit is not None:
            amount = np.zeros((len(params), len(self.share)))
            np.put_along_axis(amount, taken, x, axis=1)
            slope -= (amount @ self.hit) * (self.top > params)
        else:
            for column in range(taken.shape[1]):
                slope -= x[:, column, None] * (self.share[taken[:, column]] > params)
        slope[(params <= state[:, 0]) & (slope > 0)] = 0.0
        return slope


class ModularLines:
    """modular is a line itself; the state is [B, 1, 1] the quality of the experts inside."""

    def __init__(self, function: TopK) -> None:
        self.sum = function.share.sum(axis=1)

    def start(self) -> Floats:
        """No parameters."""
        return np.zeros(0)

    def empty(self) -> Floats:
        """No quality."""
        return np.zeros((1, 1))

    def grow(self, state: Floats, expert: Ints) -> Floats:
        """The sum."""
        return np.asarray(state + self.sum[expert][:, None, None])

    def clip(self, params: Floats, state: Floats) -> Floats:
        """Nothing to move."""
        return params

    def line(self, params: Floats, state: Floats) -> tuple[Floats, Floats]:
        """The line."""
        return state[:, 0, 0], self.gains(state)

    def gains(self, state: Floats) -> Floats:
        """What each adds to any selection."""
        return np.repeat(self.sum[None], len(state), axis=0)

    def slope(self, params: Floats, state: Floats, taken: Ints, x: Floats) -> Floats:
        """No parameters."""
        return params


class CoverageLines:
    """Capped tangents of coverage.

    With a_i = -ln(1 - p_i) and m missed by the experts inside, per cluster,

        1 - m e^{-t} (1 + t) + m e^{-t} Σ_{i∈S} min(a_i, 1 + t),   t ≥ 0

    are the tangents of 1 - m e^{-Σ a_i}, slopes capped where one expert alone reaches 1; at t = 0
    the slope is p_i (Weierstrass' product inequality), the gain itself. The state is [B, 1, C] m.
    """

    def __init__(self, function: Coverage) -> None:
        self.hit, self.weight = function.hit, function.weight
        # A sure hit is worth -ln 10⁻¹⁵: an error of 10⁻⁹ ppm instead of an infinity.
        self.strength: Floats = -np.log(np.maximum(1 - function.hit, 1e-15))

    def start(self) -> Floats:
        """The gains of single experts."""
        return np.zeros(self.hit.shape[1])

    def empty(self) -> Floats:
        """Everything is missed."""
        return np.ones((1, self.hit.shape[1]))

    def grow(self, state: Floats, expert: Ints) -> Floats:
        """What is still missed."""
        return np.asarray(state * (1 - self.hit[expert])[:, None])

    def clip(self, params: Floats, state: Floats) -> Floats:
        """No negative tangent point."""
        return np.asarray(np.maximum(params, 0.0))

    def line(self, params: Floats, state: Floats) -> tuple[Floats, Floats]:
        """The capped tangents."""
        scale = state[:, 0] * self.weight * np.exp(-params)
        base = self.weight.sum() - (scale * (1 + params)).sum(axis=1)
        slopes = np.empty((len(params), len(self.hit)))
        for box, point in enumerate(params):
            slope = np.where(point == 0, self.hit, np.minimum(self.strength, 1 + point))
            slopes[box] = slope @ scale[box]
        return base, slopes

    def gains(self, state: Floats) -> Floats:
        """What each hits of what is missed."""
        return np.asarray((state[:, 0] * self.weight) @ self.hit.T)

    def slope(self, params: Floats, state: Floats, taken: Ints, x: Floats) -> Floats:
        """The tangent point follows the strength that is taken."""
        scale = state[:, 0] * self.weight * np.exp(-params)
        slope = params.copy()
        for column in range(taken.shape[1]):
            strength = self.strength[taken[:, column]]
            capped = strength >= 1 + params
            slope -= x[:, column, None] * np.where(capped, params, strength)
        slope *= scale
        slope[(params <= 0) & (slope > 0)] = 0.0
        return slope


def lines_of(function: SetFunction) -> Lines | None:
    """The lines above a quality model, None for those that have none."""
    if isinstance(function, Coverage):
        return CoverageLines(function)
    if isinstance(function, TopK):
        return ModularLines(function) if function.modular else ShareLines(function)
    return None
