"""A combinatorial lower bound of a training round, in exact numbers.

Let f be the largest forward time of a stage. On every device of a group its share of samples times
the layers of the stage takes at most f, so that for any weights w ≥ 0 of the devices, Σ w = 1,

    f ≥ samples · Σ_l min_d w_d forward(l, d)

(launches left out), for which w in inverse proportion to the whole chain's time is exact when
devices differ by a factor only. The round is at least M times that stage's step.
"""

from fractions import Fraction
from math import ceil

from models.problems.pipeline_training import PipelineTrainingProblem
from models.units import round_half_up


def lower_bound(problem: PipelineTrainingProblem) -> int:
    """No plan costs less, ns; 0 where nothing better is known."""
    chain = problem.chain
    times = [[layer.forward_ns[d.profile_type] for layer in chain] for d in problem.devices]
    totals = [sum(row) for row in times]
    if min(totals) == 0:
        return 0
    weights = [Fraction(1, total) for total in totals]
    least = sum(
        (min(w * t for w, t in zip(weights, column, strict=True)))
        for column in zip(*times, strict=True)
    )
    forward = ceil(problem.samples * least / sum(weights))
    step: int = forward + round_half_up(Fraction(forward * problem.backward_ppm, 10**6))
    return problem.micro_batches * step
