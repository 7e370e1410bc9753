"""The best placement so far, and what a method may claim of it."""

from models.problems.serving_flow import ServingFlowPlan
from models.result import Claim, Reason
from solvers.base import Progress, Stopwatch
from solvers.tables.serving_flow import Ints, Tables


class Best:
    """The placement of the largest flow met, told to whoever listens.

    flow: µtokens/s, 0 where nothing is met through which anything flows; upper: no flow exceeds it.
    """

    def __init__(self, tables: Tables, report: Progress[ServingFlowPlan] | None = None) -> None:
        self.tables = tables
        self.flow = 0
        self.upper = tables.bound
        self.ranges: tuple[Ints, Ints] | None = None
        self._report = report

    @property
    def closed(self) -> bool:
        """Whether nothing better can be found."""
        return self.flow >= self.upper

    def take(self, start: Ints, stop: Ints) -> bool:
        """Keeps a placement if more flows through it than through the best so far."""
        flow = self.tables.value(start, stop)
        if flow <= self.flow:
            return False
        self.flow, self.ranges = flow, (start.copy(), stop.copy())
        if self._report is not None:
            self._report.plan(self.tables.plan(start, stop))
        return True

    def limit(self, upper: int) -> None:
        """No flow exceeds `upper`."""
        if upper < self.upper:
            self.upper = upper
            if self._report is not None:
                self._report.bound(self.tables.bound - upper)

    @property
    def plan(self) -> ServingFlowPlan | None:
        """The placement as a plan."""
        return None if self.ranges is None else self.tables.plan(*self.ranges)

    def claim(
        self, name: str, watch: Stopwatch, stats: dict[str, int | float | str]
    ) -> Claim[ServingFlowPlan]:
        """What an exact method knows when it ends."""
        if self.upper == 0:
            return Claim(name, Reason.INFEASIBLE, stats=stats)
        bound = self.tables.bound - self.upper
        if self.closed:
            return Claim(name, Reason.COMPLETED, self.plan, bound, stats=stats)
        reason = watch.why()
        return Claim(name, reason, self.plan, bound, stats=stats)
