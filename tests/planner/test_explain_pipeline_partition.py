"""Explanations of pipelines say what is proved: smallest conflicts, repairs that suffice."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from models.problems.pipeline_partition import PipelinePartitionProblem
from planner.explain import binding
from planner.explain.clock import Clock, TimeUpError
from planner.explain.conflict import conflict
from planner.explain.pipeline_partition import infeasible
from planner.explain.pipeline_partition_repairs import repairs
from planner.explain.pipeline_partition_rules import rules, with_devices, with_memory, without
from tests.oracles.pipeline_partition import optimum
from tests.small import split, two_devices
from tests.strategies import pipeline_partition

_MINUTE = 60 * 10**9


def _boxes(*memory: int, **fields: Any) -> PipelinePartitionProblem:
    """Four layers of 100 bytes on devices a, b, … of so much memory, with a default link."""
    devices = [
        {"name": name, "memory_bytes": size, "memory_bytes_per_s": 10**9}
        for name, size in zip("abcd", memory, strict=False)
    ]
    graph = {"devices": devices, "default_link": {"bandwidth_bit_per_s": 8 * 10**9}}
    return two_devices(device_graph=graph | fields.pop("graph", {}), **fields)


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(pipeline_partition())
def test_the_conflict_is_infeasible_and_smallest(problem: PipelinePartitionProblem) -> None:
    """Only the named rules kept: no plan; any one of them dropped as well: a plan."""
    assume(optimum(problem) is None)
    whole, clock = rules(problem), Clock(_MINUTE)

    def only(kept: Any) -> PipelinePartitionProblem:
        return without(problem, [rule for rule in whole if rule not in kept])

    found = conflict(whole, lambda kept: clock.feasible(only(kept)))
    assert found.smallest
    assert optimum(only(found.rules)) is None
    for rule in found.rules:
        assert optimum(only([name for name in found.rules if name != rule])) is not None


@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(pipeline_partition())
def test_memory_repairs_are_the_least(problem: PipelinePartitionProblem) -> None:
    """The bytes named make a plan possible on that device; one byte less does so on none."""
    assume(optimum(problem) is None)
    for line in repairs(problem, ("memory",), Clock(_MINUTE)):
        if not line.endswith(" would do") or "every device" in line:
            continue
        extra = int(line.split("(")[1].split(" bytes")[0].replace(",", ""))
        named = line.removesuffix(" would do").split(" more on ")[1]
        grown = {
            device.name: [_plus(problem, device.name, more) for more in (extra, extra - 1)]
            for device in problem.devices
        }
        for name in named.removeprefix("any one of ").split(", "):
            assert optimum(grown[name][0]) is not None
        assert all(optimum(less) is None for _, less in grown.values())


def _plus(problem: PipelinePartitionProblem, name: str, extra: int) -> PipelinePartitionProblem:
    return with_devices(
        problem,
        (with_memory(d, d.memory_bytes + extra) if d.name == name else d for d in problem.devices),
    )


def test_memory_alone() -> None:
    """Two devices of 150 bytes for four layers of 100: 150 more on one would do."""
    assert infeasible(two_devices(memory_bytes=150), _MINUTE) == (
        "one rule stands in the way: memory",
        "the model needs 400 B: the 2 devices together have 300 B",
        "150 B (150 bytes) more on any one of quick, slow would do",
    )


def test_the_source_has_a_repair_of_its_own() -> None:
    """Of two devices with equal memory, 1 byte more helps the one; the source would need 2."""
    layers = [
        {"name": "big", "weight_bytes": 7, "activation_bytes_per_token": 1},
        {"name": "small", "weight_bytes": 3},
    ]
    problem = _boxes(
        13,
        13,
        source_device="b",
        use_all_devices=True,
        model={
            "name": "top-heavy",
            "layers": [{**layer, "repeat": 2, "output_bytes_per_token": 4} for layer in layers],
        },
    )
    assert infeasible(problem, _MINUTE)[-1] == "1 B (1 bytes) more on a would do"


def test_memory_on_every_device() -> None:
    """Where all devices must take part and none holds a layer, one with more is not enough."""
    lines = infeasible(_boxes(40, 70, use_all_devices=True), _MINUTE)
    assert lines[2:] == (
        "more memory on a single device is not enough",
        "160 B (160 bytes) more on every device would do",
    )


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


def test_several_missing_links() -> None:
    """Three devices that are all needed, and no link: one is not enough, and that is proved."""
    lines = infeasible(_boxes(200, 100, 100, graph={"default_link": None}), _MINUTE)
    assert "no single further link is enough: at least two are missing" in lines


def test_two_conflicts_at_once() -> None:
    """Memory suffices nowhere while the order excludes the source: no repair of memory is told."""
    problem = _boxes(90, 90, source_device="b", device_order=["a", "b"], use_all_devices=True)
    lines = infeasible(problem, _MINUTE)
    assert lines[0] == "one rule stands in the way: memory"
    assert lines[2:] == (
        "more memory, however much, alone is not enough: another rule is in the way as well",
    )


def test_more_devices_than_layers() -> None:
    """All devices in use with fewer layers is said in one line."""
    layer = {"name": "only", "weight_bytes": 1, "output_bytes_per_token": 1}
    problem = two_devices(model={"name": "one", "layers": [layer]}, use_all_devices=True)
    (line,) = infeasible(problem, _MINUTE)
    assert line.startswith("2 devices cannot all take part: the model has only 1 layer;")


def test_sizes_beyond_any_device() -> None:
    """A model of 4 EiB, more than a device may state, still has its least repair."""
    problem = two_devices(
        model={
            "name": "absurd",
            "layers": [
                {"name": "layer", "repeat": 4, "weight_bytes": 2**60, "output_bytes_per_token": 5}
            ],
        },
        profile={"measurements": [{"time_ns": {n: {"layer": 1} for n in ("quick", "slow")}}]},
        memory_bytes=2**60,
    )
    line = infeasible(problem, _MINUTE)[-1]
    assert f"({2**61:,} bytes) more on any one of quick, slow would do" in line


def test_what_time_does_not_settle_is_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the time ends, nothing is said to be impossible that would be enough.

    Here the one link that is missing, and memory on either device, would do.
    """
    left = [10**6]
    plan = Clock.plan

    def until_time_is_up(self: Clock, problem: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise TimeUpError
        return plan(self, problem)

    monkeypatch.setattr(Clock, "plan", until_time_is_up)
    problem = _boxes(200, 200, graph={"default_link": None})
    whole = infeasible(problem, _MINUTE)
    asked = 10**6 - left[0]
    assert asked > 8
    for seen in range(asked):
        left[0] = seen
        lines = infeasible(problem, _MINUTE)
        assert not [line for line in lines if "not enough" in line or "no single" in line]
        assert [line for line in lines if "not known in time" in line or "ran out" in line]
    assert not [line for line in whole if "not known" in line or "ran out" in line]


def test_time_limit_of_nothing() -> None:
    """Without any time the need and the room are told, and what is not known."""
    assert infeasible(two_devices(memory_bytes=150), 0) == (
        "one rule stands in the way: memory",
        "the model needs 400 B: the 2 devices together have 300 B",
        "whether more memory, however much, is enough is not known in time",
    )
    lines = binding(two_devices(), split(3), 0)
    assert lines[0] == "whether a better plan exists is not known in time"
    assert lines[-1] == "what memory costs is not known in time"


def test_prices_are_those_of_the_optimum() -> None:
    """A plan of 615 ns where 515 is best and 400 without memory: memory costs 115, not 215."""
    lines = binding(two_devices(), split(2), _MINUTE)
    assert lines[0] == "the best plan costs 515 ns: 100 ns less"
    assert lines[-1] == "memory costs 115 ns: without it the optimum would be 400 ns (-22.3 %)"


def test_links_are_priced_without_inventing_one() -> None:
    """What a missing link costs is bounded by one that takes no time, not by a guessed rate."""
    problem = _boxes(300, 100, 300, graph={"default_link": None, "links": [_SLOW]})
    plan = split(3, "a", "b")
    lines = binding(problem, plan, _MINUTE)
    assert "the lack of links costs at most 5.00 µs" in lines


_SLOW = {"source": "a", "target": "b", "latency_ns": 4995, "bandwidth_bit_per_s": 8 * 10**9}


@pytest.mark.parametrize(
    ("overlap", "step"),
    [
        (True, "computing on quick: 200 ns per unit"),
        (False, "computing on quick and sending to slow: 215 ns per unit"),
    ],
)
def test_the_longest_step(*, overlap: bool, step: str) -> None:
    """Where sending does not overlap with computing, both are one step."""
    devices = [
        {"name": name, "memory_bytes": 300, "memory_bytes_per_s": 10**9}
        for name in ("quick", "slow")
    ]
    link = {"latency_ns": 10, "bandwidth_bit_per_s": 8 * 10**9}
    problem = two_devices(device_graph={"devices": devices, "default_link": link}, overlap=overlap)
    assert f"the longest step is {step}" in binding(problem, split(2), _MINUTE)


def test_a_refused_plan() -> None:
    """What breaks a rule is named instead of explained."""
    lines = binding(two_devices(memory_bytes=200), split(3), _MINUTE)
    assert lines == ("the plan breaks the rule memory: quick, by 100 B",)
