"""What a rule costs: the optimum with it against the optimum without it, never against a plan."""

from dataclasses import replace

from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Optimum

# The end of the line for a rule without which the optimum is the same.
NOTHING = "costs nothing"


def known_with_plan(found: Optimum, verdict: Verification) -> Optimum:
    """What is known of an optimum, given an accepted plan as well."""
    costs = [cost for cost in (found.high, verdict.objective) if cost is not None]
    return replace(found, high=min(costs, default=None), infeasible=False)


def standing(verdict: Verification, here: Optimum, unit: str) -> str:
    """How an accepted plan stands to the best; `here` is known with the plan."""
    objective = verdict.objective
    assert objective is not None  # noqa: S101  # only accepted plans are explained
    if here.low == objective:
        return "no plan is better"
    if here.high is not None and here.high < objective:
        how = "the best plan" if here.low == here.high else "a better plan"
        saved = format_quantity(objective - here.high, unit)
        return f"{how} costs {format_quantity(here.high, unit)}: {saved} less"
    if here.unsupported:
        return f"whether a better plan exists is not known: {_refused(here)}"
    return "whether a better plan exists is not known in time"


def price(rule: str, here: Optimum, without: Optimum, unit: str) -> str:
    """What a rule costs in words; "at most" and "at least" where an optimum is not established.

    here: the optimum with the rule; without: without it, never larger.
    """
    most = None if here.high is None or without.low is None else here.high - without.low
    least = None if here.low is None or without.high is None else max(0, here.low - without.high)
    if most == 0:
        return f"{rule} {NOTHING}"
    if most is not None and least == most:
        return f"{rule} costs {format_quantity(most, unit)}: {_optimum(here, without, unit)}"
    bounds = []
    if least:
        bounds.append(f"at least {format_quantity(least, unit)}")
    if most is not None:
        bounds.append(f"at most {format_quantity(most, unit)}")
    if not bounds and (without.unsupported or here.unsupported):
        refused = _refused(without if without.unsupported else here)
        when = " without it" if without.unsupported and not here.unsupported else ""
        return f"what {rule} costs is not known:{when} {refused}"
    if not bounds:
        return f"what {rule} costs is not known in time"
    return f"{rule} costs {' and '.join(bounds)}"


def _refused(optimum: Optimum) -> str:
    """Why nothing is proved; the remedy of the method is for the problem as it stands, not here."""
    reason = optimum.unsupported.partition(";")[0]
    return f"no exact method takes the problem ({reason})"


def _optimum(here: Optimum, without: Optimum, unit: str) -> str:
    assert here.low is not None  # noqa: S101  # both are settled where this is said
    assert without.low is not None  # noqa: S101
    words = f"without it the optimum would be {format_quantity(without.low, unit)}"
    share = 1 - without.low / here.low
    # A share of a share says little, and so does one that would be shown as nothing.
    return words if unit == "ppm" or share < 0.0005 else f"{words} (-{100 * share:.1f} %)"
