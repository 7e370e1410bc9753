"""Combinatorial bounds against enumeration."""

from hypothesis import given

from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from planner.bounds import lower_bound
from tests.oracles.pipeline_partition import optimum
from tests.small import two_devices
from tests.strategies import pipeline_partition


@given(pipeline_partition())
def test_the_bound_never_exceeds_the_optimum(problem: PipelinePartitionProblem) -> None:
    """Whatever the options, no plan is below the bound."""
    best = optimum(problem)
    bound = lower_bound(problem)
    assert bound is not None
    assert best is None or bound <= best


def test_the_bound_is_exact_for_devices_that_differ_by_a_factor() -> None:
    """Four layers on two devices, one twice as fast: the period cannot fall below 8/3 layers."""
    assert lower_bound(two_devices(objective=PipelineObjective.THROUGHPUT)) == 267
    assert lower_bound(two_devices()) == 400
    assert lower_bound(two_devices(objective=PipelineObjective.MAKESPAN, units=3)) == 400 + 2 * 267
