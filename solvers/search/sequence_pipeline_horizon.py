"""How far a round of the search looks, and what it has seen beyond that."""

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from solvers.base import UNREACHABLE
from solvers.search.sequence_pipeline_costs import Bools, Ints


class Horizon:
    """Values from `cap` on are not looked at; `beyond` is the least bound of what was left out.

    value, plan: the best that is known, whether or not it is below the cap.
    """

    def __init__(self) -> None:
        self.cap = self.beyond = self.value = UNREACHABLE
        self.plan: Plan | None = None

    def open(self, cap: int) -> None:
        """Begin a round."""
        self.cap, self.beyond = min(cap, self.value), UNREACHABLE

    def within(self, bounds: Ints) -> Bools:
        """[n] which nodes to look at; the others are counted as left out."""
        inside: Bools = bounds < self.cap
        self.beyond = min(self.beyond, int(bounds.min(initial=UNREACHABLE, where=~inside)))
        return inside

    def found(self, value: int, plan: Plan) -> None:
        """A better plan."""
        self.value, self.plan = value, plan
        self.cap = min(self.cap, value)

    @property
    def floor(self) -> int:
        """After a whole round: no plan costs less."""
        return min(self.value, self.beyond)


def pieces(size: int, most: int) -> list[slice]:
    """0..size in slices of at most `most`."""
    return [slice(at, at + most) for at in range(0, size, most)]
