"""Selections built one expert at a time, and what may still be added to them."""

from collections.abc import Callable

import numpy as np

from solvers.tables.expert_selection import Bools, Ints, Tables
from solvers.tables.expert_selection_quality import Floats

# Prices candidates: (gains in ppm [k], their indices [k], what the rows have left [R]).
Price = Callable[[Floats, Ints, Ints], Floats]


def addable(tables: Tables, inside: Bools, free: Bools) -> Bools:
    """The free experts [n] that fit beside `inside` within every budget, one at a time."""
    left = tables.limits - tables.rows @ inside
    fits = free & tables.allowed & ~inside & (tables.rows <= left[:, None]).all(axis=0)
    peak = tables.peak
    if peak is not None:
        top = np.sort(peak.energy[inside])[::-1][: peak.k]
        least = int(top[-1]) if len(top) == peak.k else 0
        fits &= int(top.sum()) - least + np.maximum(peak.energy, least) <= peak.limit
    return fits


def unmet(tables: Tables, inside: Bools) -> Bools:
    """[h, n] the requirements that no expert of `inside` meets."""
    return tables.needed[~(tables.needed & inside).any(axis=1)]


def by_gain(gains: Floats, _candidates: Ints, _left: Ints) -> Floats:
    """The price of the plain greedy: the gain itself."""
    return gains


def by_ratio(tables: Tables) -> Price:
    """The price of the ratio greedy: gain / Σ_r a_r / (what row r has left)."""

    def price(gains: Floats, candidates: Ints, left: Ints) -> Floats:
        cost = (tables.rows[:, candidates] / np.maximum(left, 1)[:, None]).sum(axis=0)
        return np.asarray(gains / (cost + 1e-9))

    return price


def complete(tables: Tables, inside: Bools, free: Bools, price: Price) -> Bools | None:
    """`inside` grown greedily by free experts, or None where it ends in no feasible selection.

    While some cluster has nobody to answer it, only experts for the one with the fewest candidates
    are looked at; afterwards experts are added while one raises the quality.
    """
    chosen, function = inside.copy(), tables.function
    state = function.start()
    for expert in np.flatnonzero(inside):
        state = function.add(state, int(expert))
    best: Bools | None = chosen.copy() if tables.feasible(chosen) else None
    while True:
        open_ = addable(tables, chosen, free)
        missing = unmet(tables, chosen)
        if len(missing):
            open_ = open_ & missing[(missing & open_).sum(axis=1).argmin()]
        candidates = np.flatnonzero(open_)
        if not len(candidates):
            return best
        gains = function.gains(state, candidates)
        scores = price(gains, candidates, tables.limits - tables.rows @ chosen)
        at = int(scores.argmax())
        if not len(missing) and gains[at] <= 0:
            return best
        chosen[candidates[at]] = True
        state = function.add(state, int(candidates[at]))
        if tables.feasible(chosen):
            best = chosen.copy()


def lean(tables: Tables, chosen: Bools) -> Bools:
    """A feasible selection without those that it is worth the same without, the dearest first."""
    kept, objective = chosen.copy(), tables.objective(chosen)
    share = (tables.rows / np.maximum(tables.limits, 1)[:, None]).sum(axis=0)
    members = np.flatnonzero(chosen)
    for expert in members[np.argsort(-share[members], kind="stable")]:
        kept[expert] = False
        if not tables.feasible(kept) or tables.objective(kept) != objective:
            kept[expert] = True
    return kept
