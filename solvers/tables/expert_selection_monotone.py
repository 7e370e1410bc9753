"""Whether a quality model is monotone on an instance: checked, not assumed."""

import numpy as np

from solvers.tables.expert_selection import Bools, Tables
from solvers.tables.expert_selection_quality import Floats

# Up to here all subsets are looked at; beyond, seeded chains of growing selections.
_EXHAUSTIVE = 14
_CHAINS = 200
_SEED = 20_250_109
# Errors of float sums of qualities stay a hundred times below this, ppm.
_TOLERANCE = 1e-6


def counter_example(tables: Tables) -> str | None:
    """A pair of selections that shows that quality can fall when an expert joins, in words.

    None where the model is monotone by its form, or where no pair was found: all pairs are tried
    up to 14 experts, 200 random chains beyond.
    """
    if tables.function.monotone:
        return None
    exhaustive = tables.experts <= _EXHAUSTIVE
    loss, smaller, larger = _worst_of_all(tables) if exhaustive else _worst_of_chains(tables)
    return _words(tables, smaller, larger, loss) if loss > _TOLERANCE else None


def _worst_of_all(tables: Tables) -> tuple[float, Bools, Bools]:
    """(loss in ppm, the smaller selection [n], the larger one) over all pairs."""
    numbers = np.arange(2**tables.experts)
    masks = (numbers[:, None] >> np.arange(tables.experts) & 1).astype(np.bool_)
    quality = np.append(-np.inf, tables.function.values(masks[1:]))
    worst, at = -np.inf, (0, 0)
    for bit in (1 << np.arange(tables.experts)).tolist():
        larger = numbers[numbers & bit > 0]
        losses = _losses(quality[larger ^ bit], quality[larger])
        found = int(losses.argmax())
        if losses[found] > worst:
            worst, at = float(losses[found]), (int(larger[found]) ^ bit, int(larger[found]))
    return worst, masks[at[0]], masks[at[1]]


def _worst_of_chains(tables: Tables) -> tuple[float, Bools, Bools]:
    """The same over seeded random chains."""
    size = tables.experts
    order = np.argsort(np.random.default_rng(_SEED).random((_CHAINS, size)), axis=1)
    rank = np.argsort(order, axis=1)
    grown: Bools = rank[:, None, :] <= np.arange(size)[None, :, None]
    quality = tables.function.values(grown.reshape(-1, size)).reshape(_CHAINS, size)
    losses = _losses(quality[:, :-1], quality[:, 1:])
    chain, step = np.unravel_index(int(losses.argmax()), losses.shape)
    return float(losses[chain, step]), grown[chain, step], grown[chain, step + 1]


def _losses(before: Floats, after: Floats) -> Floats:
    """What is lost, -inf where either selection has no quality."""
    known = np.isfinite(before) & np.isfinite(after)
    return np.where(known, np.where(known, before, 0.0) - np.where(known, after, 0.0), -np.inf)


def _words(tables: Tables, smaller: Bools, larger: Bools, loss: float) -> str:
    members = ", ".join(tables.names[i] for i in np.flatnonzero(smaller))
    (expert,) = np.flatnonzero(larger & ~smaller)
    return (
        f"not monotone: '{tables.names[expert]}' beside {members} lowers the quality by "
        f"{loss / 10_000:.4f} %; the monotone envelope (the best part of a selection) bounds the "
        "boxes"
    )
