"""The shortfall with every expert in service: no plan is better, whatever the budgets.

Deadlines only take experts away from a cluster, and every model's quality of a part is at most

    modular, top_k, best_expert    the k largest q_ci together
    coverage                       that of all experts
    gated                          the largest q_ci, as a mean
    table                          the best measured quality
"""

from fractions import Fraction

from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import QualityModel


def lower_bound(problem: ExpertSelectionProblem) -> int:
    """No plan costs less, ppm."""
    if problem.quality_model is QualityModel.TABLE:
        best = max((row.quality_ppm for row in problem.measured or ()), default=MILLION)
        return MILLION - best
    rows = zip(*(expert.quality_ppm for expert in problem.experts), strict=True)
    missing = Fraction(0)
    for cluster, row in zip(problem.clusters, rows, strict=True):
        quality = sorted((value for value in row if value is not None), reverse=True)
        missing += cluster.weight * (MILLION - _most(problem, quality))
    total = missing / problem.total_weight
    return max(0, -(-total.numerator // total.denominator))


def _most(problem: ExpertSelectionProblem, quality: list[int]) -> Fraction:
    """The quality of a cluster that all experts answer; they stand in descending order."""
    if problem.quality_model is QualityModel.COVERAGE:
        missed = Fraction(1)
        for value in quality:
            missed *= Fraction(MILLION - value, MILLION)
        return MILLION * (1 - missed)
    asked = 1 if problem.quality_model is QualityModel.GATED else problem.asked_at_most
    return Fraction(sum(quality[:asked]))
