"""The literal program of placement and flow by HiGHS, without the bounds of other methods."""

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Array
from solvers.tables.serving_flow import build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_program import Formulation

# Ranges times nodes, and links times layers: above it the program is not even handed over.
_LARGEST = 200_000


class FlowProgram:
    """Branch and bound on ranges, flows beside them."""

    name = "milp"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The optimum, proof that nothing can flow, or what was known when time was up."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        size = int(tables.most.sum() + (tables.link > 0).sum()) * tables.layers
        if size > _LARGEST:
            return Claim(self.name, Reason.UNSUPPORTED, detail=f"{size:,} entries are too many")
        best = Best(tables, report)
        given = tables.ranges(hint)
        if given is not None:
            best.take(*given)
        form = Formulation(tables, best.flow, tables.bound)

        def take(point: Array) -> None:
            best.take(*form.placement(point))

        program = form.builder.program()
        answer = program_highs.solve(
            program, watch, limits.seed, found=take, bounded=lambda bound: best.limit(-bound)
        )
        if answer.reason is Reason.UNSUPPORTED:
            return Claim(self.name, answer.reason, detail=answer.detail)
        if answer.point is not None:
            take(answer.point)
        if answer.bound is not None:
            best.limit(-answer.bound)
        return best.claim(self.name, watch, dict(answer.stats))
