"""What restricting a gate costs: every subset of two experts or more, against retraining."""

import statistics

import numpy as np

from models.prompts import PromptTable
from planner.benchmark.table import Table
from planner.gate import GateError, arrays, report, train
from problem_instances.generators.prompts import PromptsSpec, prompts

_EXPERTS = 6


def gates() -> Table:
    """A row per specialisation; without scikit-learn, a table that says so."""
    table = Table(
        "restricted gates",
        f"All subsets of {_EXPERTS} synthetic experts, one asked per prompt; mean scores on "
        "held-out prompts, ppm. Loss: of restricting the gate, against training it again.",
    )
    numbers = np.arange(2**_EXPERTS)
    masks = (numbers[:, None] >> np.arange(_EXPERTS) & 1).astype(np.bool_)
    subsets = [mask for mask in masks if mask.sum() >= 2]
    for specialisation in (0, 30, 60, 90):
        spec = PromptsSpec(seed=7, experts=_EXPERTS, categories=3, specialisation=specialisation)
        training, held_out = arrays(PromptTable.model_validate(prompts(spec), strict=False)).split()
        try:
            gate = train(training)
            reports = [report(gate, training, held_out, chosen, k=1) for chosen in subsets]
        except GateError as error:
            return Table(table.name, str(error))
        lost = [_ppm(found.lost_by_restriction) for found in reports]
        gained = [_ppm(found.restricted - found.best_single) for found in reports]
        table.add(
            {
                "specialisation": f"{specialisation} %",
                "restricted is worse": f"{sum(value > 0 for value in lost)} of {len(lost)}",
                "mean loss_ppm": round(statistics.mean(lost)),
                "worst loss_ppm": max(lost),
                "mean gain over the best expert_ppm": round(statistics.mean(gained)),
            }
        )
    return table


def _ppm(share: float) -> int:
    return round(share * 10**6)
