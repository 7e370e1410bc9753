"""Explanations say what is proved: the conflict is smallest, the repairs suffice."""

from hypothesis import HealthCheck, assume, given, settings

from models.problems.pipeline_partition import PipelinePartitionProblem
from planner.explain.pipeline_partition import (
    _Clock,
    _conflict,
    _least_extra,
    _rules,
    _with_memory,
    _without,
    infeasible,
)
from tests.oracles.pipeline_partition import optimum
from tests.small import two_devices
from tests.strategies import pipeline_partition

_MINUTE = 60 * 10**9


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(pipeline_partition())
def test_the_conflict_is_infeasible_and_smallest(problem: PipelinePartitionProblem) -> None:
    """Only the named rules kept: no plan; any one of them dropped as well: a plan."""
    assume(optimum(problem) is None)
    conflict = _conflict(problem, _Clock(_MINUTE))
    only = problem
    for rule in _rules(problem):
        if rule not in conflict:
            only = _without(only, rule)
    assert optimum(only) is None
    for rule in conflict:
        assert optimum(_without(only, rule)) is not None


def test_the_least_extra_memory_suffices_and_less_does_not() -> None:
    """Two devices of 150 bytes for four layers of 100: 150 more on one, not 149."""
    problem = two_devices(memory_bytes=150)
    for device in problem.devices:
        extra = _least_extra(problem, device, _Clock(_MINUTE))
        assert extra == 150
        assert optimum(_with_memory(problem, device, 150 + extra)) is not None
        assert optimum(_with_memory(problem, device, 150 + extra - 1)) is None


def test_a_missing_link_is_named() -> None:
    """Without any link two devices cannot share a model; one link, both ways, repairs it."""
    problem = two_devices()
    apart = problem.model_copy(
        update={"device_graph": problem.device_graph.model_copy(update={"default_link": None})}
    )
    lines = infeasible(apart, _MINUTE)
    assert lines[0] == "these rules cannot hold together: links, memory"
    assert "a link quick - slow would do" in lines
    home = apart.model_copy(update={"source_device": "quick", "return_hop": True})
    assert "a link quick - slow would do" in infeasible(home, _MINUTE)


def test_more_devices_than_layers() -> None:
    """All devices in use with fewer layers is said in one line."""
    problem = two_devices(
        model={
            "name": "one",
            "layers": [{"name": "only", "weight_bytes": 1, "output_bytes_per_token": 1}],
        },
        use_all_devices=True,
    )
    (line,) = infeasible(problem, _MINUTE)
    assert line.startswith("2 devices cannot all take part: the model has only 1 layers")
