"""A combinatorial lower bound of a split-computing problem, in exact numbers.

    latency ≥ min over no bottleneck and each:  its encoder and decoder on their fastest devices
                                                + every layer left on its fastest device

without transfers. With gates that let less than everything pass, and for energy and bytes, which
may be 0, none is known.
"""

from models.problems.split_computing import SplitComputingProblem, SplitObjective, ancestors
from models.split_models import Work


def lower_bound(problem: SplitComputingProblem) -> int | None:
    """No plan takes less, ns; None for other objectives and where gates may shorten the work."""
    if problem.objective is not SplitObjective.LATENCY or problem.policies:
        return None
    fastest = {layer.name: _fastest(problem, layer) or 0 for layer in problem.model.layers}
    totals = [sum(fastest.values())]
    for item in problem.bottlenecks:
        ends = _fastest(problem, item.encode), _fastest(problem, item.decode)
        known = [time for time in ends if time is not None]
        if len(known) == len(ends):
            left = fastest.keys() - ancestors(problem.model, item.after)
            totals.append(sum(known) + sum(fastest[name] for name in left))
    return min(totals)


def _fastest(problem: SplitComputingProblem, work: Work) -> int | None:
    times = [work.on(device) for device in problem.devices]
    return min((time for time in times if time is not None), default=None)
