"""Public facility-location and coverage instances as expert selections.

Items are experts on one device, clients or elements are clusters, the knapsack is the worst-case
energy budget. Format: {"family", "values", "weights", "capacity"}; matrices from
Chhokmah0/submodKC (ECAI 2025). They are read where the user keeps them, and not shipped.
"""

import json
from fractions import Fraction

from models.devices import Device, DeviceGraph
from models.problems.expert_selection import (
    MILLION,
    Cluster,
    Expert,
    ExpertSelectionProblem,
    QualityModel,
)

# Weights have up to 17 digits; rounded at the twelfth, no sum crosses a capacity.
_WEIGHT_SCALE = 10**12
_VALUE_SCALE = 1_000


def read(text: str, name: str) -> ExpertSelectionProblem:
    """The instance in a text as a problem; weights in 10⁻¹² units stand as µJ."""
    data = json.loads(text)
    if data["family"] == "loc":
        quality = [[round(value * MILLION) for value in row] for row in data["values"]]
        weights = [1] * len(quality[0])
    else:
        elements = data["values"]["element_weights"]
        covers = [set(cover) for cover in data["values"]["covers"]]
        quality = [[MILLION * (e in cover) for e in range(len(elements))] for cover in covers]
        weights = [round(weight * _VALUE_SCALE) for weight in elements]
    return ExpertSelectionProblem(
        about=f"{name}, read from a public instance",
        device_graph=DeviceGraph(devices=(Device(name="server", memory_bytes=0),)),
        source_device="server",
        experts=tuple(
            Expert(
                name=f"item-{index}",
                device="server",
                request_energy_uj=_scaled(weight),
                quality_ppm=tuple(row),
            )
            for index, (weight, row) in enumerate(zip(data["weights"], quality, strict=True))
        ),
        clusters=tuple(
            Cluster(name=f"client-{index}", category="any", weight=max(weight, 1))
            for index, weight in enumerate(weights)
        ),
        quality_model=QualityModel.BEST_EXPERT,
        energy_limit_uj=_scaled(data["capacity"]),
    )


def shortfall(problem: ExpertSelectionProblem, family: str, value: float) -> int:
    """An instance's own objective as a shortfall in ppm, to within the digits it is given in."""
    scale = 1 if family == "loc" else _VALUE_SCALE
    return MILLION - round(Fraction(value) * scale * MILLION / problem.total_weight)


def _scaled(number: float) -> int:
    return round(Fraction(number) * _WEIGHT_SCALE)
