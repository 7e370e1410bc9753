"""Synthetic tables of prompts for the gate: features, and how well each expert answers each.

Nothing here is a measurement. Each prompt has a category; its features are the category's centre
plus noise, and each expert has a favourite category in which it is better by as much as the
specialisation says. All draws are integers from one random.Random(seed), whose integer methods
give the same numbers on every platform.
"""

import random
from dataclasses import dataclass

_CATEGORIES = ("code", "law", "math", "medicine", "history", "finance", "travel", "chat")
_MILLION = 10**6
_FEATURES = 6
# Centres of categories and the noise around them, in standard deviations of the drawn bell.
_SPREAD = 3


@dataclass(frozen=True)
class PromptsSpec:
    """What to generate.

    specialisation: 0 to 100, half of which is added, as a percentage of right answers, in an
    expert's favourite category and a quarter of which is taken off elsewhere; noise: percent; at
    100 neighbouring categories overlap a little.
    """

    seed: int
    prompts: int = 2_000
    experts: int = 8
    categories: int = 4
    specialisation: int = 60
    noise: int = 100

    def __post_init__(self) -> None:
        if self.prompts < 4 or self.experts < 2:
            raise ValueError("prompts are 4 or more, experts 2 or more")
        if not 2 <= self.categories <= len(_CATEGORIES):
            raise ValueError(f"categories are 2 to {len(_CATEGORIES)}")
        if not (0 <= self.specialisation <= 100 and self.noise >= 0):
            raise ValueError("specialisation is 0 to 100, noise 0 or more")


def prompts(spec: PromptsSpec) -> dict[str, object]:
    """Plain data of a table whose experts answer 30 to 60 % right where they have no favour."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    centres = [[_bell(rng) * _SPREAD for _ in range(_FEATURES)] for _ in range(spec.categories)]
    levels = [rng.randrange(300, 600) for _ in range(spec.experts)]
    experts = [
        {"name": f"expert-{index + 1}", "request_energy_uj": rng.randrange(5, 31) * _MILLION}
        for index in range(spec.experts)
    ]
    rows = []
    for _ in range(spec.prompts):
        category = rng.randrange(spec.categories)
        noise = [_bell(rng) * _SPREAD * spec.noise // 100 for _ in range(_FEATURES)]
        features = [(a + b) / 1_000 for a, b in zip(centres[category], noise, strict=True)]
        right = [
            rng.randrange(1_000)
            < _permille(spec, level, at_home=index % spec.categories == category)
            for index, level in enumerate(levels)
        ]
        rows.append(
            {
                "category": _CATEGORIES[category],
                "features": features,
                "scores_ppm": [_MILLION * answer for answer in right],
            }
        )
    return {
        "kind": "prompts",
        "schema_version": 1,
        "about": _told(spec),
        "experts": experts,
        "prompts": rows,
    }


def _bell(rng: random.Random) -> int:
    """Nearly normal, mean 0, standard deviation 1,000: twelve uniform draws (Irwin and Hall)."""
    return sum(rng.randrange(1_001) for _ in range(12)) - 6_000


def _permille(spec: PromptsSpec, level: int, *, at_home: bool) -> int:
    shift = 5 * spec.specialisation if at_home else -5 * spec.specialisation // 2
    return min(980, max(20, level + shift))


def _told(spec: PromptsSpec) -> str:
    return (
        f"generated: seed={spec.seed}, prompts={spec.prompts}, experts={spec.experts}, "
        f"categories={spec.categories}, specialisation={spec.specialisation}, noise={spec.noise}. "
        "Synthetic: every feature, score and energy is drawn, none is measured or published."
    )
