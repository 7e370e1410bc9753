"""Placement of experts by HiGHS: replicas by count, or hosts and flows, one layer at a time.

Hops are a program of all layers together (solvers/tables/expert_balance_hop_program.py).
"""

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Mode
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.backends.branching import prove
from solvers.base import Progress, Stopwatch
from solvers.tables.expert_balance import MOST_DEVICES, Layer, holds
from solvers.tables.expert_balance_answer import Found, filled, over_layers
from solvers.tables.expert_balance_hop_program import over_all
from solvers.tables.expert_balance_hops import moves_tokens
from solvers.tables.expert_balance_program import formulation, representable


class IntegerProgramming:
    """Branch and bound on each layer's program."""

    name = "milp"

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
                self.name, problem, watch, lambda p: program_highs.solve(p, watch, limits.seed)
            )
        return over_layers(
            self.name,
            problem,
            hint,
            watch,
            lambda layer, part, _: _solved(layer, part, limits.seed),
        )


def _solved(layer: Layer, watch: Stopwatch, seed: int) -> Found:
    if layer.mode is Mode.SPLIT and layer.devices > MOST_DEVICES:
        return Found(unsupported=f"a split among more than {MOST_DEVICES} devices")
    if not representable(layer):
        return Found(unsupported="loads or replicas too many for 64-bit sums")
    form = formulation(layer)
    answer = program_highs.solve(form.program, watch, seed)
    if answer.reason is Reason.UNSUPPORTED:
        return Found(unsupported=answer.detail)
    point, bound = answer.point, answer.bound
    if point is None or form.program.objective(point) != bound:
        # What whole ns add to fractional ones is proved in integers, without tolerances.
        proof = prove(form.whole, watch, point)
        point = point if proof.point is None else proof.point
        bound = max((b for b in (bound, proof.bound) if b is not None), default=None)
    values = answer.values if point is None else point
    counts = None
    if values is not None:
        counts = form.counts(values, layer)
        counts = filled(layer, counts) if layer.mode is Mode.SPLIT else counts
        counts = counts if holds(layer, counts) else None
    return Found(counts, bound)
