"""A frontier: the best objective at each level of one budget."""

from enum import StrEnum

from models.base import Document
from models.problems import AnyPlan


class Budget(StrEnum):
    """The budget that is swept."""

    ENERGY = "energy"  # µJ, as the problem's energy mode counts it
    DEADLINE = "deadline"  # ns, the same for every category
    MEMORY = "memory"  # bytes, the same on every device
    ACCURACY = "accuracy"  # ppm, the floor of a split: more of it costs more


class FrontierPoint(Document):
    """One level of the budget.

    objective: of the plan, recomputed; None where there is none; lower_bound: no plan at this level
    is better; None with plan None: proved to have no plan where `proved`;
    proved: whether the objective equals the bound, or no plan exists;
    reused: whether the plan of the level above keeps to this one, and so is the best here too;
    dominated: whether a lower level gives an objective that is no worse;
    heuristics: what each method without proof reaches, None where it finds no plan;
    bandwidth_bit_per_s: of a split's first hop, None where the document's own counts;
    what: the plan in a few words; totals: its other figures, as in a breakdown.
    """

    limit: int
    objective: int | None
    lower_bound: int | None
    proved: bool
    reused: bool
    dominated: bool
    plan: AnyPlan | None
    heuristics: dict[str, int | None] = {}
    bandwidth_bit_per_s: int | None = None
    what: str = ""
    totals: dict[str, int] = {}


class Frontier(Document):
    """The points of a sweep, by rising budget; limit_unit and unit as in format_quantity.

    A split may be swept at several bandwidths: then by rising bandwidth first. There a point is
    dominated where a higher floor costs no more. cut: whether more points may matter at some
    bandwidth: above those that were asked for, or below the accuracy of a plan that is not proved.
    stopped: whether the sweep was cancelled, and points may be missing.
    """

    budget: Budget
    limit_unit: str
    unit: str
    points: tuple[FrontierPoint, ...]
    cut: bool = False
    stopped: bool = False
    wall_ns: int
