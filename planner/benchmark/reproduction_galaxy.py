"""Galaxy against Megatron on environment B, computing alone: 1.31.

The paper has no such row. Every cell of its table is C + M / bandwidth; the ratio is that of C,
which least squares of relative errors over the three rates find. Predicted with the calibration of
Jupiter's table, nothing fitted for it, at a rate at which no transfer takes time.
"""

import numpy as np

from models.problems.tensor_partition import TensorMode, TensorPartitionPlan
from planner.benchmark.jupiter import PUBLISHED
from planner.benchmark.jupiter_calibration import PROMPT_TOKENS, Calibration
from planner.benchmark.jupiter_systems import (
    RATES,
    Case,
    as_galaxy,
    group,
    predict,
    split,
)
from planner.benchmark.table import Table
from planner.verify import verify

FREE_MBIT_PER_S = 10**9
MODELS = ("7b", "13b")
_SPLITS = {"Galaxy": "", "Galaxy, exact split": ", exact split"}


def table() -> Table:
    """Seconds and ratios, both models: published, predicted, and where the ratio comes from."""
    found = Table(
        "galaxy against megatron",
        "Environment B, transfers free: seconds of the whole request, of its two parts.",
    )
    for model in MODELS:
        case = ("b", model)
        cells = (_intercept(case, "Megatron"), _intercept(case, "Galaxy"))
        found.add(_row(model, "published, whole request", *cells))
        for system, what in _SPLITS.items():
            whole = _whole(case, "Megatron"), _whole(case, system)
            found.add(_row(model, f"predicted, whole request{what}", *whole))
        for rows, what in ((PROMPT_TOKENS, "prompt"), (1, "one new token")):
            parts = _part(case, rows, "megatron-even"), _part(case, rows, "galaxy")
            found.add(_row(model, f"predicted, {what}", *parts))
    return found


def _row(model: str, what: str, megatron: float, galaxy: float) -> dict[str, str | int | None]:
    return {
        "model": model.upper(),
        "what": what,
        "Megatron s": f"{megatron:.2f}",
        "Galaxy s": f"{galaxy:.2f}",
        "ratio": f"{megatron / galaxy:.3f}",
    }


def _whole(case: Case, system: str) -> float:
    value = predict(Calibration(), case, FREE_MBIT_PER_S, system)
    if value is None:
        raise ValueError(f"{system} has no plan")
    return value / 1e9


def _intercept(case: Case, system: str) -> float:
    """C of the published cells, s."""
    column = PUBLISHED[case][system]
    if column is None:
        raise ValueError(f"{system} is out of memory on {case}")
    seconds = np.array(column)
    terms = np.array([[1.0, 1 / rate] for rate in RATES]) / seconds[:, None]
    return float(np.linalg.lstsq(terms, np.ones(len(RATES)), rcond=None)[0][0])


def _part(case: Case, rows: int, method: str) -> float:
    """Seconds of one pass of so many rows under the split that a method gives the prompt."""
    prompt = group(Calibration(), case, FREE_MBIT_PER_S, PROMPT_TOKENS)
    if method == "galaxy":
        prompt = as_galaxy(prompt)
    plan = split(prompt, method)
    if plan is None:
        raise ValueError(f"{method} has no plan")
    problem = prompt
    if rows == 1:
        problem = group(Calibration(), case, FREE_MBIT_PER_S, 1)
        shares = tuple(share.model_copy(update={"rows": 1}) for share in plan.shares)
        plan = TensorPartitionPlan(mode=TensorMode.TENSOR, shares=shares)
    value = verify(problem, plan).objective
    if value is None:
        raise ValueError(f"the split of {method} is not one")
    return value / 1e9
