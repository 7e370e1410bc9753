"""Whether a quality model is monotone on an instance: checked, not assumed."""

import numpy as np

from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_quality import Floats

# Up to here all subsets are looked at; beyond, seeded chains of growing selections.
_EXHAUSTIVE = 14
_CHAINS = 200
_SEED = 20_250_109


def counter_example(tables: Tables) -> str | None:
    """A pair of selections that shows that quality can fall when an expert joins, in words.

    None where the model is monotone by its form, or where no pair was found: all pairs are tried
    up to 14 experts, 200 random chains beyond.
    """
    if tables.function.monotone:
        return None
    masks = _all(tables.experts) if tables.experts <= _EXHAUSTIVE else _chains(tables.experts)
    quality = tables.function.values(masks)
    known = {row.tobytes(): float(q) for row, q in zip(masks, quality, strict=True)}
    worst, found = 1e-6, None
    for mask in masks:
        for expert in np.flatnonzero(mask):
            smaller = mask.copy()
            smaller[expert] = False
            before, after = known.get(smaller.tobytes()), known[mask.tobytes()]
            if before is None or not smaller.any() or not np.isfinite([before, after]).all():
                continue
            if before - after > worst:
                worst, found = before - after, (smaller, int(expert))
    return None if found is None else _words(tables, *found, worst)


def _words(tables: Tables, smaller: Bools, expert: int, loss: Floats | float) -> str:
    members = ", ".join(tables.names[i] for i in np.flatnonzero(smaller))
    return (
        f"not monotone: '{tables.names[expert]}' beside {members} lowers the quality by "
        f"{loss:.1f} ppm; the monotone envelope (the best part of a selection) bounds the boxes"
    )


def _all(size: int) -> Bools:
    numbers = np.arange(1, 2**size)
    return (numbers[:, None] >> np.arange(size) & 1).astype(np.bool_)


def _chains(size: int) -> Bools:
    order = np.argsort(np.random.default_rng(_SEED).random((_CHAINS, size)), axis=1)
    rank = np.argsort(order, axis=1)
    grown = rank[:, None, :] <= np.arange(size)[None, :, None]
    return grown.reshape(-1, size)
