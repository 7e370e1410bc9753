"""Baselines do what their authors describe: worked examples, and the cases where they are exact."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from models.documents import validate
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from models.result import Limits
from planner.verify import verify
from solvers.dp.pipeline_partition import DynamicProgram
from solvers.heuristic import pipeline_partition_edgeshard
from solvers.heuristic.pipeline_partition import (
    BestSingleDevice,
    EdgeShard,
    EvenSplit,
    JupiterOrder,
    MemoryWeighted,
    PipeDream,
    SpeedWeighted,
)
from solvers.heuristic.pipeline_partition_shares import largest_remainder, running_sums
from tests import strategies

PROBLEMS = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
Devices = tuple[tuple[str, int, int], ...]
# (name, memory in bytes, bytes per second); a layer has 100 bytes.
THREE: Devices = (("a", 500, 10**9), ("b", 900, 2 * 10**9), ("c", 700, 4 * 10**9))


def _problem(layers: int, devices: Devices = THREE, **fields: object) -> PipelinePartitionProblem:
    layer = {
        "name": "layer",
        "repeat": layers,
        "weight_bytes": 100,
        "output_bytes_per_token": 1,
    }
    rows = [
        {"name": name, "memory_bytes": memory, "memory_bytes_per_s": rate}
        for name, memory, rate in devices
    ]
    document = {
        "model": {"name": "equal layers", "layers": [layer]},
        "device_graph": {"devices": rows, "default_link": {"bandwidth_bit_per_s": 8 * 10**9}},
        "objective": "throughput",
        **fields,
    }
    return validate(document, PipelinePartitionProblem)


def _counts(method: Any, problem: PipelinePartitionProblem) -> list[tuple[str, int]] | str:
    """(device, number of layers) per stage, or the detail of a claim without a plan."""
    claim = method().solve(problem, Limits())
    if claim.plan is None:
        return str(claim.detail)
    return [(stage.device, stage.stop - stage.start) for stage in claim.plan.stages]


def test_exo_cuts_running_shares_down_to_whole_layers() -> None:
    """Shares 3/7, 2/7, 2/7 of 32 layers: layers 0-12, 13-21 and 22-31, as in exo's own test."""
    assert running_sums(32, [3, 2, 2]) == [13, 9, 10]


def test_exo_shares_never_pass_the_end() -> None:
    """Many roundings up in a row leave the last devices without layers, not with negative ones."""
    counts = running_sums(1024, [10**6] * 246 + [1])
    assert min(counts) >= 0
    assert sum(counts) == 1024


def test_largest_remainder_gives_every_layer_once() -> None:
    """Quotas 10/7, 20/7 and 40/7: the layer left over goes to the largest fraction."""
    weights = [Fraction(1), Fraction(2), Fraction(4)]
    assert largest_remainder(10, weights) == [1, 3, 6]
    assert largest_remainder(2, weights) == [0, 1, 1]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (EvenSplit, [("a", 4), ("b", 4), ("c", 3)]),
        (SpeedWeighted, [("a", 2), ("b", 3), ("c", 6)]),
        (MemoryWeighted, [("b", 4), ("c", 4), ("a", 3)]),
        (JupiterOrder, [("a", 1), ("b", 3), ("c", 7)]),
        (PipeDream, [("c", 7), ("b", 3), ("a", 1)]),
        (BestSingleDevice, "layers 0 to 10 do not fit on a"),
    ],
)
def test_eleven_equal_layers_on_three_devices(method: Any, expected: object) -> None:
    """Speeds 1 : 2 : 4 and memory 5 : 9 : 7 layers, each method by its own light."""
    assert _counts(method, _problem(11)) == expected


def test_the_source_goes_first() -> None:
    """Whatever a method sorts by, the source device holds the first layer."""
    for method in (EvenSplit, SpeedWeighted, MemoryWeighted, JupiterOrder, PipeDream, EdgeShard):
        counts = _counts(method, _problem(11, source_device="b"))
        assert counts[0][0] == "b", method


def test_a_given_order_stands_in_place_of_sorting() -> None:
    """Methods that sort devices keep to the problem's order where it has one."""
    problem = _problem(11, device_order=["b", "c", "a"])
    for method in (EvenSplit, MemoryWeighted, JupiterOrder, PipeDream):
        assert [name for name, _ in _counts(method, problem)] == ["b", "c", "a"], method


def test_devices_before_the_source_in_a_given_order_stay_out() -> None:
    """The source is first in the pipeline, so what the order puts before it has no place."""
    problem = _problem(11, device_order=["a", "b", "c"], source_device="b")
    assert _counts(EvenSplit, problem) == [("b", 6), ("c", 5)]


def test_even_split_leaves_devices_out_from_the_end() -> None:
    """Where a third of the layers is too much for the last device, two devices get half each."""
    tight: Devices = (("a", 600, 10**9), ("b", 600, 10**9), ("c", 200, 10**9))
    assert _counts(EvenSplit, _problem(9, tight)) == [("a", 5), ("b", 4)]


def test_obstacles_are_named() -> None:
    """A method without a plan says what is in the way."""
    small: Devices = (("a", 300, 10**9), ("b", 300, 10**9))
    assert _counts(EvenSplit, _problem(8, small)) == "layers 0 to 3 do not fit on a"
    graph = _problem(4, small).device_graph.model_dump(exclude={"default_link"})
    apart = _problem(4, device_graph={**graph, "default_link": None})
    assert _counts(EvenSplit, apart) == "its plan needs a link that is not there"
    wished = _problem(2, THREE, use_all_devices=True)
    assert "all have to take part" in _counts(EvenSplit, wished)
    poor: Devices = (("a", 100, 10**9), ("b", 900, 10**9))
    assert "source device" in _counts(MemoryWeighted, _problem(2, poor, source_device="a"))
    assert _counts(PipeDream, _problem(8, small)) == "no split that it looks at fits"


def test_transfers_count_to_the_load_for_jupiter_and_overlap_it_for_pipedream() -> None:
    """Four layers of 100 ns each way, 150 ns to send: a load of 350 ns, or one of 200 ns."""
    twins: Devices = (("a", 900, 10**9), ("b", 900, 10**9))
    layer = {"name": "layer", "repeat": 4, "weight_bytes": 100, "output_bytes_per_token": 150}
    problem = _problem(4, twins, model={"name": "talkative", "layers": [layer]})
    assert _counts(JupiterOrder, problem) == [("a", 3), ("b", 1)]
    assert _counts(PipeDream, problem) == [("a", 2), ("b", 2)]


def test_edgeshard_throughput_counts_the_return_hop() -> None:
    """The quicker device at the end would have to send its answer over a slow link."""
    devices: Devices = (("a", 100, 10**9), ("b", 900, 5 * 10**8), ("c", 900, 2 * 10**9))
    slow = {"source": "c", "target": "a", "directed": True, "bandwidth_bit_per_s": 10**6}
    graph = _problem(3, devices).device_graph.model_dump(exclude_none=True)
    fields = {"source_device": "a", "device_graph": {**graph, "links": [slow]}}
    there = _problem(3, devices, **fields)
    and_back = _problem(3, devices, return_hop=True, **fields)
    assert _counts(EdgeShard, there) == [("a", 1), ("c", 2)]
    assert _counts(EdgeShard, and_back) == [("a", 1), ("c", 1), ("b", 1)]


def test_jupiter_uses_every_device_or_none() -> None:
    """With fewer layers than devices its recurrence has no plan."""
    assert _counts(JupiterOrder, _problem(2)) == "no split that it looks at fits"


def test_edgeshard_latency_hides_paths_that_run_out_of_memory_later() -> None:
    """Its one label per cell takes the cheap path into a corner that the optimum avoids."""
    # Both light layers on quick `b` cost 50 ns, but then the heavy one is left to slow `c`.
    devices: Devices = (("a", 100, 10**9), ("b", 250, 4 * 10**9), ("c", 250, 10**8))
    heavy = {"name": "heavy", "weight_bytes": 200, "output_bytes_per_token": 1}
    light = {"name": "light", "repeat": 2, "weight_bytes": 100, "output_bytes_per_token": 1}
    model = {"name": "two light and one heavy", "layers": [light, heavy]}
    problem = _problem(1, devices, model=model, objective="latency")
    claim, best = (method().solve(problem, Limits()) for method in (EdgeShard, DynamicProgram))
    assert best.plan is not None
    assert claim.plan is not None
    assert verify(problem, best.plan).objective == 100 + 1 + 1000 + 1 + 50
    assert verify(problem, claim.plan).objective == 25 + 25 + 1 + 2000


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_edgeshard_throughput_is_exact_where_sending_overlaps(
    problem: PipelinePartitionProblem,
) -> None:
    """Algorithm 2 on all devices states the very problem, moves and waiting senders aside."""
    document = problem.model_dump(mode="json")
    fields = {"objective": "throughput", "units": None, "overlap": True, "previous": None}
    _assert_optimal(EdgeShard, validate(document | fields, PipelinePartitionProblem))


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_pipedream_is_exact_where_its_assumptions_hold(problem: PipelinePartitionProblem) -> None:
    """A given order, all devices, overlap and no return hop: then its recurrence is the problem."""
    document = problem.model_dump(mode="json")
    names = [device.name for device in problem.devices]
    fields = {
        "objective": "throughput",
        "units": None,
        "overlap": True,
        "previous": None,
        "source_device": None,
        "return_hop": False,
        "use_all_devices": True,
        "device_order": names,
    }
    _assert_optimal(PipeDream, validate(document | fields, PipelinePartitionProblem))


def _assert_optimal(method: Any, problem: PipelinePartitionProblem) -> None:
    best = DynamicProgram().solve(problem, Limits())
    claim = method().solve(problem, Limits())
    assert (claim.plan is None) == (best.plan is None)
    if claim.plan is not None and best.plan is not None:
        assert verify(problem, claim.plan).objective == verify(problem, best.plan).objective


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_best_single_device_is_the_best_plan_of_one_stage(
    problem: PipelinePartitionProblem,
) -> None:
    """No device alone does better than the one it names."""
    claim = BestSingleDevice().solve(problem, Limits())
    assume(claim.plan is not None)
    [stage] = claim.plan.stages
    chosen = verify(problem, claim.plan).objective
    for device in problem.devices:
        alone = claim.plan.model_copy(
            update={"stages": (stage.model_copy(update={"device": device.name}),)}
        )
        objective = verify(problem, alone).objective
        assert objective is None or objective >= chosen


def test_edgeshard_leaves_devices_out_of_large_subsets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above its limit it takes the fastest, and the roomiest where these do not hold the model."""
    monkeypatch.setattr(pipeline_partition_edgeshard, "_MAX_DEVICES", 2)
    assert {name for name, _ in _counts(EdgeShard, _problem(11))} == {"b", "c"}
    quick: Devices = (("a", 900, 10**9), ("b", 300, 2 * 10**9), ("c", 200, 4 * 10**9))
    assert {name for name, _ in _counts(EdgeShard, _problem(11, quick))} == {"a", "b"}
    assert _problem(11).objective is PipelineObjective.THROUGHPUT
