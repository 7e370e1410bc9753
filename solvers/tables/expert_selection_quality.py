"""Quality of selections in floating point, one class per quality model.

A selection is a row of booleans [n]; qualities are ppm, means over the mix of requests. A *state*
is what a model has to remember of a selection to price one more expert; it is built by `add` from
`start()`. Floats err by less than 1e-8 ppm; Tables.objective settles what hangs on it.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import QualityModel

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

# Cells of a temporary array, 160 MB.
_CHUNK = 2 * 10**7


class SetFunction(Protocol):
    """The quality of selections; `monotone` promises that adding an expert never lowers it."""

    monotone: bool

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]; -inf where a selection is not defined."""
        ...

    def defined(self, chosen: Bools) -> bool:
        """Whether the selection [n] has a quality."""
        ...

    def start(self) -> Floats:
        """The state of the empty selection."""
        ...

    def add(self, state: Floats, expert: int) -> Floats:
        """The state with one expert more."""
        ...

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """[k] ppm by which each candidate alone would raise the quality."""
        ...


class TopK:
    """Sum of the k best shares per cluster: best_expert (k = 1), top_k, and modular (k = n).

    share: [n, C] weight of the cluster x quality, ppm; the state is [k, C] the k best shares,
    smallest first, but without rows for modular, whose gains never change; top: [C] the best
    shares; hit: [n, C] ones and zeros where every share is the cluster's best or none, as in
    coverage instances, else None: what is summed over experts and clusters is then a product.
    """

    monotone = True

    def __init__(self, weight: Floats, quality: Ints | Floats, k: int) -> None:
        self.share: Floats = np.ascontiguousarray((weight[:, None] * quality).T)
        self.k = k
        self.modular = k >= len(self.share)
        self._sum = self.share.sum(axis=1)
        self.top: Floats = self.share.max(axis=0)
        hit = self.share > 0
        self.hit = hit.astype(np.float64) if (self.share == hit * self.top).all() else None

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]."""
        if self.modular:
            product: Floats = chosen @ self._sum
            return product
        if self.hit is not None and self.k == 1:
            covered: Floats = ((chosen @ self.hit) > 0) @ self.top
            return covered
        if len(chosen) == 1:
            return np.array([self._best(self.share[chosen[0]], 0).sum()])
        found = np.empty(len(chosen))
        chunk = max(1, _CHUNK // self.share.size)
        for at in range(0, len(chosen), chunk):
            held = np.where(chosen[at : at + chunk, :, None], self.share, 0.0)
            found[at : at + chunk] = self._best(held, 1).sum(axis=(1, 2))
        return found

    def _best(self, held: Floats, axis: int) -> Floats:
        """The k largest along an axis; all where there are no more than k."""
        if self.k == 1:
            return np.asarray(held.max(axis=axis, keepdims=True, initial=0.0))
        if held.shape[axis] <= self.k:
            return held
        index = [slice(None)] * held.ndim
        index[axis] = slice(-self.k, None)
        return np.asarray(np.partition(held, -self.k, axis=axis)[tuple(index)])

    def defined(self, chosen: Bools) -> bool:
        """Every selection has a quality."""
        return True

    def start(self) -> Floats:
        """No shares yet."""
        return np.zeros((0 if self.modular else self.k, self.share.shape[1]))

    def add(self, state: Floats, expert: int) -> Floats:
        """The k best shares with one expert more."""
        if self.modular:
            return state
        if self.k == 1:
            return np.asarray(np.maximum(state, self.share[expert]))
        return np.asarray(np.sort(np.vstack([state, self.share[expert]]), axis=0)[1:])

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """What exceeds the k-th best share so far."""
        if self.modular:
            return np.asarray(self._sum[candidates])
        return np.asarray(np.maximum(self.share[candidates] - state[0], 0.0).sum(axis=1))


class Coverage:
    """1 - Π (1 - p) per cluster; the state is [1, C] the products."""

    monotone = True

    def __init__(self, weight: Floats, quality: Ints) -> None:
        self.weight = weight * MILLION
        self.hit: Floats = np.ascontiguousarray(quality.T) / MILLION

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]."""
        found = np.empty(len(chosen))
        chunk = max(1, _CHUNK // self.hit.size)
        for at in range(0, len(chosen), chunk):
            miss = np.where(chosen[at : at + chunk, :, None], 1 - self.hit, 1.0)
            found[at : at + chunk] = (1 - miss.prod(axis=1)) @ self.weight
        return found

    def defined(self, chosen: Bools) -> bool:
        """Every selection has a quality."""
        return True

    def start(self) -> Floats:
        """Everything is missed."""
        return np.ones((1, self.hit.shape[1]))

    def add(self, state: Floats, expert: int) -> Floats:
        """What is still missed with one expert more."""
        return np.asarray(state * (1 - self.hit[expert]))

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """What each candidate hits of what is missed."""
        gain: Floats = self.hit[candidates] @ (state[0] * self.weight)
        return gain


class Gated:
    """A softmax gate restricted to the selection; the state is [2, C]: Σ g q and Σ g.

    gate: [n, C], 0 where an expert may not answer; quality: [n, C] ppm.
    """

    monotone = False

    def __init__(self, weight: Floats, quality: Ints, gate: Ints, usable: Bools) -> None:
        self.weight = weight
        self.quality = np.ascontiguousarray(quality.T).astype(np.float64)
        self.gate = np.where(usable, gate, 0).T.astype(np.float64)

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]; a cluster that nobody answers counts as 0."""
        above, below = chosen @ (self.gate * self.quality), chosen @ self.gate
        value: Floats = _ratio(above, below) @ self.weight
        return value

    def defined(self, chosen: Bools) -> bool:
        """Every selection has a quality."""
        return True

    def start(self) -> Floats:
        """No weight yet."""
        return np.zeros((2, self.quality.shape[1]))

    def add(self, state: Floats, expert: int) -> Floats:
        """Both sums with one expert more."""
        gate = self.gate[expert]
        return np.asarray(state + np.stack([gate * self.quality[expert], gate]))

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """The change of the gate's mean; negative where a weak expert draws weight."""
        gate = self.gate[candidates]
        after = _ratio(state[0] + gate * self.quality[candidates], state[1] + gate)
        gain: Floats = (after - _ratio(state[0], state[1])) @ self.weight
        return gain

    def best_of(self) -> TopK:
        """The best expert's quality, which no mean exceeds."""
        return TopK(self.weight, np.where(self.gate > 0, self.quality, 0.0).T, 1)

    def box(self, inside: Bools, free: Bools) -> float:
        """No selection that contains `inside` [n], and else only `free` ones, is better, ppm.

        Per cluster the best such mean takes the free experts in descending order of quality
        while they lie above the mean of what is taken: it is the largest over all prefixes.
        """
        chosen = inside | free
        order = np.argsort(-self.quality[chosen], axis=0, kind="stable")
        gate = np.take_along_axis(self.gate[chosen], order, axis=0)
        quality = np.take_along_axis(self.quality[chosen], order, axis=0)
        fixed = np.take_along_axis(np.broadcast_to(inside[chosen][:, None], gate.shape), order, 0)
        base, first = np.where(fixed, gate, 0.0), np.where(fixed, 0.0, gate)
        above = (base * quality).sum(axis=0) + np.cumsum(first * quality, axis=0)
        below = base.sum(axis=0) + np.cumsum(first, axis=0)
        return float(_ratio(above, below).max(axis=0, initial=0.0) @ self.weight)


class Measured:
    """A table of measured selections; the state is [n] zeros and ones."""

    monotone = False

    def __init__(self, problem: ExpertSelectionProblem) -> None:
        index = {expert.name: number for number, expert in enumerate(problem.experts)}
        rows = problem.measured or ()
        self.sets: Bools = np.zeros((len(rows), len(index)), dtype=np.bool_)
        for number, row in enumerate(rows):
            self.sets[number, [index[name] for name in row.experts]] = True
        self.quality = np.array([row.quality_ppm for row in rows], dtype=np.float64)
        self._known = {row.tobytes(): q for row, q in zip(self.sets, self.quality, strict=True)}

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]; -inf where it was not measured."""
        return np.array([self._known.get(row.tobytes(), -np.inf) for row in chosen])

    def defined(self, chosen: Bools) -> bool:
        """Whether exactly this selection was measured."""
        return chosen.tobytes() in self._known

    def start(self) -> Floats:
        """Nobody."""
        return np.zeros(self.sets.shape[1])

    def add(self, state: Floats, expert: int) -> Floats:
        """With one expert more."""
        grown = state.copy()
        grown[expert] = 1.0
        return grown

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """Against what was measured before, -inf for a selection that was not measured."""
        masks = np.repeat(state[None].astype(np.bool_), len(candidates), axis=0)
        masks[np.arange(len(candidates)), candidates] = True
        before = self._known.get(state.astype(np.bool_).tobytes(), 0.0)
        return np.asarray(self.values(masks) - before)

    def box(self, inside: Bools, free: Bools) -> float:
        """The best measured selection between `inside` and `inside` with all of `free`, ppm."""
        return float(self.quality[self._within(inside, free)].max(initial=-np.inf))

    def best(self, inside: Bools, free: Bools) -> Bools | None:
        """That selection [n], or None where none was measured."""
        quality = np.where(self._within(inside, free), self.quality, -np.inf)
        at = int(quality.argmax()) if len(quality) else 0
        found = len(quality) > 0 and np.isfinite(quality[at])
        return np.asarray(self.sets[at]) if found else None

    def _within(self, inside: Bools, free: Bools) -> Bools:
        """[rows] whether a measured selection lies in a box."""
        outside = (self.sets & ~(inside | free)).any(axis=1)
        return np.asarray(~outside & ~(inside & ~self.sets).any(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))


def quality_of(
    problem: ExpertSelectionProblem,
    weight: Floats,
    usable: Bools,
    quality: Ints,
    gate: Ints | None,
    asked: int,
) -> SetFunction:
    """The quality model of a problem; weight: [C], adding up to 1."""
    if problem.quality_model is QualityModel.TABLE:
        return Measured(problem)
    if problem.quality_model is QualityModel.COVERAGE:
        return Coverage(weight, quality)
    if gate is not None:
        return Gated(weight, quality, gate, usable)
    return TopK(weight, quality, asked)
