"""A fleet as a multiple-choice multidimensional knapsack, solved by HiGHS; all columns at once."""

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Limits
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.tables.split_fleet import Tables
from solvers.tables.split_fleet_answer import Formulation, Found, Progressing, over_windows


class Knapsack:
    """Branch and bound on the columns of each window."""

    name = "milp"

    def solve(
        self,
        problem: SplitFleetProblem,
        limits: Limits,
        hint: SplitFleetPlan | None = None,
        report: Progress[SplitFleetPlan] | None = None,
    ) -> Claim[SplitFleetPlan]:
        """The optimum, or proof that there is no plan."""

        def window(tables: Tables, watch: Stopwatch, progress: Progressing) -> Found:
            form = Formulation(tables)
            start = None if hint is None else form.point(tables.columns(hint))
            answer = program_highs.solve(
                form.program,
                watch,
                limits.seed,
                start,
                found=lambda point: progress.plan(form.columns(point)),
                bounded=progress.bound,
            )
            return form.found(answer)

        return over_windows(self.name, problem, limits, report, window)
