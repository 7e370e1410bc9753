"""What an expert selection may minimise, and how it counts quality, energy and latency."""

from enum import StrEnum


class SelectionObjective(StrEnum):
    """What is minimised, in ppm."""

    SHORTFALL = "shortfall"


class QualityModel(StrEnum):
    """How the quality of an answer follows from the experts in service."""

    MODULAR = "modular"
    BEST_EXPERT = "best_expert"
    TOP_K = "top_k"
    COVERAGE = "coverage"
    GATED = "gated"
    TABLE = "table"


class EnergyMode(StrEnum):
    """Which energy the budget is compared with."""

    WORST_CASE = "worst_case"
    WORST_TOP_K = "worst_top_k"
    EXPECTED = "expected"


class LatencyMode(StrEnum):
    """Whether a late expert is excluded altogether or only from the prompts it is late for."""

    WORST_CASE = "worst_case"
    ROUTED = "routed"
