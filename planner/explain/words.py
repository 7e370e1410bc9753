"""Turns of phrase that explanations share."""

from collections.abc import Sequence

from models.result import Violation
from models.units import format_quantity

# So many names are written out.
_NAMED = 5


def few(names: Sequence[str]) -> str:
    """Names in a row, the first few where there are many."""
    more = len(names) - _NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"{', '.join(names[:_NAMED])}{rest}"


def broken(violation: Violation) -> str:
    """A broken rule in words."""
    line = f"the plan breaks the rule {violation.rule}: {violation.where}"
    if violation.excess is None:
        return line
    return f"{line}, by {format_quantity(violation.excess, violation.unit)}"
