"""A combinatorial lower bound of a tensor partition, in exact numbers.

With speeds added up over all devices, no way to split a part makes it faster than 1 / Σ 1 / t_d,
with or without memory; launches and transfers are left out:

    latency ≥ layers · ceil of the sum over the parts MHA, MLP and twice CON

where in the mode `tensor` CON is not split. Where the three parts are split alike (`sequence`), the
sum is of one split. Times rounded half up lose at most half a nanosecond per part.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import floor

from models.problems.tensor_partition import TensorMode, TensorPartitionProblem


def lower_bound(problem: TensorPartitionProblem) -> int:
    """No plan costs less, ns; 0 where nothing better is known."""
    members = problem.devices
    mha = _together(m.attention_ns for m in members)
    mlp = _together(m.mlp_ns for m in members)
    con = _together(m.connective_ns for m in members)
    rounding = Fraction(1, 2)
    found = {
        TensorMode.TENSOR_SEQUENCE: mha + mlp + 2 * con - 4 * rounding,
        TensorMode.TENSOR: mha + mlp + 2 * min(m.connective_ns for m in members) - 2 * rounding,
        TensorMode.SEQUENCE: _together(
            m.attention_ns + m.mlp_ns + 2 * m.connective_ns for m in members
        )
        - 4 * rounding,
    }
    layer = min(found[mode] for mode in problem.modes)
    return problem.layers * max(0, -floor(-layer))


def _together(times_ns: Iterable[int]) -> Fraction:
    """The time of all devices together, by their speeds; 0 where one needs none."""
    times = list(times_ns)
    if not all(times):
        return Fraction(0)
    return 1 / sum((Fraction(1, time) for time in times), Fraction(0))
