"""Problems that are small enough to enumerate, with numbers as large as real ones have."""

import random
from typing import Any, TypeVar

from models.documents import validate

P = TypeVar("P")

# Times and energies.
_SCALED = ("_ns", "_uj")


def magnified(problem: P, factor: int, seed: int) -> P:
    """The problem with its times and energies times a factor, each off by up to -3.

    What is off keeps the numbers without a common divisor; 0 stays 0. Times that follow from bytes
    and rates stay small: both occur together.
    """
    rng = random.Random(seed)
    document = problem.model_dump(mode="json", exclude_none=True)  # type: ignore[attr-defined]
    return validate(_magnified(document, factor, rng, scaled=False), type(problem))


def _magnified(value: Any, factor: int, rng: random.Random, *, scaled: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: _magnified(item, factor, rng, scaled=scaled or _is_scaled(key))
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_magnified(item, factor, rng, scaled=scaled) for item in value]
    if not scaled or isinstance(value, bool) or not isinstance(value, int) or value == 0:
        return value
    return value * factor - (rng.randrange(4) if factor > 1 else 0)


def _is_scaled(key: str) -> bool:
    return key.endswith(_SCALED)
