"""Placement of experts by HiGHS: replicas by count, or hosts and flows, one layer at a time.

Hops are a program of all layers together (solvers/tables/expert_balance_hop_program.py).
"""

from math import ceil

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Mode
from models.result import Claim, Limits
from solvers.backends import program_highs, sparse_highs
from solvers.base import Progress, Stopwatch
from solvers.sparse_program import Ended
from solvers.tables.expert_balance import MOST_DEVICES, NS_PER_S, Ints, Layer, holds, value
from solvers.tables.expert_balance_answer import Found, filled, over_layers
from solvers.tables.expert_balance_hop_program import over_all
from solvers.tables.expert_balance_hops import moves_tokens
from solvers.tables.expert_balance_program import formulation

# A bound in floating point is believed this far, relative to itself.
_MARGIN = 1e-10
# The longest time of one expert alone on the slowest device, ns. Rows keep to 1e-9 of their largest
# entry, which must stay far below the fractions of a ns that replicas make.
_LONGEST_NS = 5 * 10**7
_TOO_FINE = "times that floating point does not tell apart"


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
                self.name, problem, watch, lambda p: program_highs.solve(p, watch.left_ns())
            )
        return over_layers(self.name, problem, hint, watch, _layer)


def _layer(layer: Layer, time_ns: int, _: Ints | None) -> Found:
    if layer.mode is Mode.SPLIT and layer.devices > MOST_DEVICES:
        return Found(unsupported=f"a split among more than {MOST_DEVICES} devices")
    if int(layer.loads.max()) * NS_PER_S > _LONGEST_NS * int(layer.rate.min()):
        return Found(unsupported=_TOO_FINE)
    form = formulation(layer)
    answer = sparse_highs.solve(form.program, time_ns)
    counts = None
    if answer.point is not None:
        counts = form.counts(answer.point, layer)
        counts = filled(layer, counts) if layer.mode is Mode.SPLIT else counts
        counts = counts if holds(layer, counts) else None
    bound = answer.bound
    proved = None if bound is None else ceil(bound - 1e-6 - _MARGIN * abs(bound))
    if answer.ended is Ended.OPTIMAL and (counts is None or value(layer, counts) != proved):
        return Found(unsupported=_TOO_FINE)
    return Found(counts, proved)
