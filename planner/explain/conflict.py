"""Rules that cannot hold together, none of them to spare: the deletion filter.

Source: Chinneck, Feasibility and Infeasibility in Optimization, Springer 2008, §6.1.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from planner.explain.clock import TimeUpError


@dataclass(frozen=True)
class Conflict:
    """Rules that no plan keeps all of; `smallest` where any of them left out makes one possible."""

    rules: tuple[str, ...]
    smallest: bool

    def line(self) -> str:
        """The conflict in words."""
        names = ", ".join(self.rules)
        if len(self.rules) == 1:
            return f"one rule stands in the way: {names}"
        rest = "" if self.smallest else "; time ran out before it was known whether fewer conflict"
        return f"these rules cannot hold together: {names}{rest}"


def conflict(rules: Sequence[str], possible: Callable[[Sequence[str]], bool]) -> Conflict:
    """A conflict among rules that no plan keeps all of; the first rules are given up first.

    possible: whether some plan keeps the rules it is given; may raise TimeUpError.
    """
    kept = list(rules)
    smallest = True
    for rule in rules:
        others = [name for name in kept if name != rule]
        try:
            if not possible(others):
                kept = others
        except TimeUpError:
            smallest = False
    return Conflict(tuple(kept), smallest)
