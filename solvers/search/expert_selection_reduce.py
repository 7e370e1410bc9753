"""Boxes of selections narrowed by the budgets and requirements alone, many at once."""

import numpy as np

from solvers.tables.expert_selection import Bools, Ints, Tables
from solvers.tables.expert_selection_greedy import addable


def reduce(tables: Tables, inside: Bools, free: Bools) -> tuple[Bools, Bools, Bools]:
    """(inside, free, alive): [B, n], [B, n], [B].

    Free experts that do not fit beside `inside` leave; one without which a requirement is unmet
    joins; repeated until nothing changes. A box is not alive where `inside` breaks a budget or all
    of it leaves a requirement unmet.
    """
    needed = tables.needed.astype(np.float32)
    inside, alive = inside.copy(), np.ones(len(inside), dtype=np.bool_)
    while True:
        left = tables.limits - inside @ tables.rows.T
        alive &= (left >= 0).all(axis=1)
        free = _fitting(tables, inside, free & ~inside, left)
        alive &= _peak_kept(tables, inside)
        unmet = inside.astype(np.float32) @ needed.T == 0
        count = free.astype(np.float32) @ needed.T
        alive &= ~(unmet & (count == 0)).any(axis=1)
        single = unmet & (count == 1) & alive[:, None]
        if not single.any():
            return inside, free, alive
        inside |= free & (single.astype(np.float32) @ needed > 0)


def _fitting(tables: Tables, inside: Bools, free: Bools, left: Ints) -> Bools:
    if tables.peak is not None:
        pairs = zip(inside, free, strict=True)
        each = [addable(tables, one, open_) for one, open_ in pairs]
        return np.array(each, dtype=np.bool_).reshape(free.shape)
    fits = free & tables.allowed
    for row, room in zip(tables.rows, left.T, strict=True):
        fits &= row <= room[:, None]
    return np.asarray(fits)


def _peak_kept(tables: Tables, inside: Bools) -> Bools:
    peak = tables.peak
    if peak is None:
        return np.ones(len(inside), dtype=np.bool_)
    return np.array([peak.used(one) <= peak.limit for one in inside], dtype=np.bool_)
