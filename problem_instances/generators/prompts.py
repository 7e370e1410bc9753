"""Synthetic prompts for the gate: features, and how well each expert answers each prompt.

Nothing here is a measurement. Each prompt has a category; its features are the category's centre
plus noise, and each expert has a favourite category in which it is better by as much as the
specialisation says. The same seed gives the same arrays.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CENTRES = 3.0


@dataclass(frozen=True, eq=False)
class Prompts:
    """features: [P, F]; scores: [P, n] 1 where an expert answers right, else 0; category: [P]."""

    features: Floats
    scores: Floats
    category: Ints

    def split(self) -> tuple["Prompts", "Prompts"]:
        """Prompts to train on, and as many held out: every second one."""
        parts = (slice(0, None, 2), slice(1, None, 2))
        first, second = (
            Prompts(self.features[part], self.scores[part], self.category[part]) for part in parts
        )
        return first, second


def synthetic_prompts(
    seed: int,
    prompts: int = 2_000,
    experts: int = 8,
    categories: int = 4,
    specialisation: int = 60,
    noise: float = 1.0,
) -> Prompts:
    """Prompts of which each expert answers 30 to 60 % right where it has no favour.

    specialisation: 0 to 100, half of which is added, as a percentage of right answers, in the
    favourite category and a quarter of which is taken off elsewhere; noise: of the features, where
    1 makes neighbouring categories overlap a little. Raises ValueError out of range.
    """
    if not 0 <= specialisation <= 100 or min(prompts, experts, categories) < 2 or noise < 0:
        raise ValueError("specialisation is 0 to 100; two prompts, experts and categories or more")
    rng = np.random.default_rng(seed)
    category = rng.integers(0, categories, prompts)
    centres = rng.normal(0.0, _CENTRES, (categories, 6))
    features = centres[category] + rng.normal(0.0, 1.0, (prompts, 6)) * 3 * noise
    level = rng.uniform(0.3, 0.6, experts)
    favourite = np.arange(experts) % categories
    at_home = category[:, None] == favourite
    shift = np.where(at_home, specialisation / 200, -specialisation / 400)
    right = rng.random((prompts, experts)) < np.clip(level + shift, 0.02, 0.98)
    return Prompts(features, right.astype(np.float64), category)
