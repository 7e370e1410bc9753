"""Combinatorial lower bounds of a pipeline problem, in exact numbers.

    latency ≥ Σ_l min_d t_dl                       every layer on its fastest device, no transfers
    period  ≥ max_l min_d t_dl                     some device runs layer l
    period  ≥ Σ_l min_d w_d t_dl, Σ_d w_d = 1      weights w of the devices' loads: the dual of the
                                                   relaxation that splits layers over devices

for which w_d in inverse proportion to the whole model's time on d is exact when all devices differ
by a factor only.
"""

from collections import Counter
from math import lcm
from operator import mul

from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from planner.verify.pipeline_partition import layer_ns


def lower_bound(problem: PipelinePartitionProblem) -> int:
    """No plan costs less, ns."""
    times = _times(problem)
    fastest: list[int] = [min(column) for column in zip(*times, strict=True)]
    latency = sum(fastest)
    if problem.objective is PipelineObjective.LATENCY:
        return latency
    period = max(*fastest, _balanced(times), 0)
    if problem.objective is PipelineObjective.THROUGHPUT:
        return period
    return latency + ((problem.units or 1) - 1) * period


def _times(problem: PipelinePartitionProblem) -> list[list[int]]:
    """[devices][layers] ns of one unit."""
    distinct = {id(layer): layer for layer in problem.layers}
    rows = []
    for device in problem.devices:
        known = {key: layer_ns(problem, layer, device) for key, layer in distinct.items()}
        rows.append([known[id(layer)] for layer in problem.layers])
    return rows


def _balanced(times: list[list[int]]) -> int:
    totals = [sum(row) for row in times]
    if min(totals) == 0:
        return 0
    scale = lcm(*totals)
    weights = [scale // total for total in totals]
    columns = Counter(zip(*times, strict=True))
    least: int = sum(number * min(map(mul, weights, column)) for column, number in columns.items())
    return -(-least // sum(weights))
