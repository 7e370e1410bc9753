"""EPLB, local search, then CP-SAT where perfect balance is not reached: EPLB's job, with a proof.

A layer whose placement is in perfect balance needs no solver: nothing takes less. The others are
given to CP-SAT, which proves small ones and betters some of those with up to eight devices.
"""

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.result import Claim, Limits
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.cpsat.expert_balance import solved
from solvers.heuristic.expert_balance_search import place
from solvers.tables.expert_balance import MOST_DEVICES, Ints, Layer, build, hinted, plan_of, value
from solvers.tables.expert_balance_answer import Found, floor_ns, over_layers
from solvers.tables.expert_balance_hop_program import over_all
from solvers.tables.expert_balance_hops import moves_tokens


class Polish:
    """Local search with CP-SAT behind it."""

    name = "polish"

    def solve(
        self,
        problem: ExpertBalanceProblem,
        limits: Limits,
        hint: ExpertBalancePlan | None = None,
        report: Progress[ExpertBalancePlan] | None = None,
    ) -> Claim[ExpertBalancePlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        if moves_tokens(problem):
            return over_all(
                self.name,
                problem,
                watch,
                lambda p: program_cpsat.solve(p, watch, limits.seed),
            )
        start = _searched(problem, hint, limits.seed, watch)
        if start is not None and report is not None:
            report.plan(start)

        def layer(table: Layer, part: Stopwatch, known: Ints | None) -> Found:
            if known is not None and _perfect(table, known):
                return Found(known, floor_ns(table))
            return solved(table, part, limits.seed)

        return over_layers(self.name, problem, start, watch, layer)


def _searched(
    problem: ExpertBalanceProblem, hint: ExpertBalancePlan | None, seed: int, watch: Stopwatch
) -> ExpertBalancePlan | None:
    """The local search's placement from a hint; None where there is none."""
    layers = build(problem)
    if not all(layer.feasible for layer in layers):
        return None
    known = hinted(problem, layers, hint)
    return plan_of([place(layer, n, seed, watch) for layer, n in zip(layers, known, strict=True)])


def _perfect(layer: Layer, counts: Ints) -> bool:
    small = layer.devices <= MOST_DEVICES or layer.mode != "split"
    return small and value(layer, counts) == floor_ns(layer)
