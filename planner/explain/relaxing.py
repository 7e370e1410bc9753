"""Explanations by solving a problem with rules left out, for kinds whose rules are few.

A kind gives its rules by name, each with the problem without it, and how its memory grows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from models.problems import AnyProblem
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Clock, TimeUpError, least
from planner.explain.conflict import conflict
from planner.explain.price import known_with_plan, price, standing

P = TypeVar("P", bound=AnyProblem)
Rules = Mapping[str, Callable[[P], P]]

MEMORY = "memory"
# A repair is looked for up to so many times the memory there is, in percent.
_MOST_PERCENT = 100 * 2**14


def without_a_plan(
    problem: P, rules: Rules[P], grown: Callable[[P, int], P], time_limit_ns: int
) -> tuple[str, ...]:
    """A smallest set of rules in conflict, and by how much all memory would have to grow.

    grown: the problem with so many percent of its memory on every device.
    """
    clock = Clock(time_limit_ns)

    def possible(kept: Sequence[str]) -> bool:
        reduced = problem
        for name, leave_out in rules.items():
            if name not in kept:
                reduced = leave_out(reduced)
        return clock.feasible(reduced)

    found = conflict(list(rules), possible)
    lines = [found.line()] if found.rules else []
    if MEMORY not in found.rules:
        return tuple(lines)

    def need(percent: int) -> int | None:
        return percent if clock.feasible(grown(problem, percent)) else None

    try:
        enough = need(_MOST_PERCENT) is not None
    except TimeUpError:
        return (*lines, "whether more memory, however much, is enough is not known in time")
    if not enough:
        return (*lines, "more memory, however much, is not enough: another rule is in the way")
    repair = least(100, _MOST_PERCENT, need)
    rest = "" if repair.proved else "; whether less would is not known in time"
    return (*lines, f"{repair.amount} % of the memory on every device would do{rest}")


def costs(
    problem: P, rules: Rules[P], verdict: Verification, time_limit_ns: int, unit: str
) -> list[str]:
    """How an accepted plan stands, and what each rule costs."""
    clock = Clock(time_limit_ns)
    here = known_with_plan(clock.optimum(problem, 1 + len(rules)), verdict)
    lines = [standing(verdict, here, unit)]
    for asked, (name, leave_out) in enumerate(rules.items()):
        other = clock.optimum(leave_out(problem), len(rules) - asked)
        lines.append(price(name, here, other, unit))
    return lines


def share_of(part_ns: int, whole_ns: int) -> str:
    """A time, and its percentage of another."""
    percent = 100 * part_ns / whole_ns if whole_ns else 0
    return f"{format_quantity(part_ns, 'ns')} ({percent:.1f} %)"
