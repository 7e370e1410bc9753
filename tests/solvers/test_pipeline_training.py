"""Methods for training pipelines whose answer is known, and the replay of a plan in force."""

import pytest

from models.documents import validate
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances import best_known, load
from solvers.dp.pipeline_training import DynamicProgram
from solvers.heuristic.pipeline_training import Asteroid
from solvers.heuristic.pipeline_training_replay import Replay
from solvers.registry import entries
from solvers.tables.pipeline_training import build

_LIMITS = Limits(time_limit_ns=60 * 10**9)
_METHODS = {method.name: method for method in entries("pipeline_training")}


def _three(
    memory: tuple[int, int, int] = (1000, 1000, 1000), **fields: object
) -> dict[str, object]:
    """Six layers of 10 bytes; `b` is twice, `c` four times as slow as `a`."""
    times = {"a": 10, "b": 20, "c": 40}
    layer = {"name": "layer", "repeat": 6, "weight_bytes": 10, "activation_bytes": 1}
    link = {"bandwidth_bit_per_s": 8 * 10**9}
    devices = [{"name": n, "memory_bytes": m} for n, m in zip("abc", memory, strict=True)]
    return {
        "layers": [layer | {"output_bytes": 1, "forward_ns": times}],
        "device_graph": {"devices": devices, "default_link": link},
        "samples": 4,
        "micro_batches": 8,
        **fields,
    }


def _problem(**fields: object) -> PipelineTrainingProblem:
    return validate(_three(**fields), PipelineTrainingProblem)  # type: ignore[arg-type]


def _stages(plan: PipelineTrainingPlan | None) -> list[tuple[int, int, dict[str, int]]]:
    assert plan is not None
    return [(s.start, s.stop, {x.device: x.samples for x in s.shares}) for s in plan.stages]


def _in_force(*stages: tuple[int, int, str]) -> list[dict[str, object]]:
    """Stages of devices named by one letter each, all samples on the first."""
    return [
        {"start": a, "stop": b, "shares": [{"device": d, "samples": 1} for d in group]}
        for a, b, group in stages
    ]


_LARGEST = 2**60


@pytest.mark.parametrize("name", ["dp", "milp", "cpsat"])
@pytest.mark.parametrize(
    "layer",
    [
        {"weight_bytes": _LARGEST, "activation_bytes": 0, "repeat": 2},
        {"weight_bytes": 0, "activation_bytes": _LARGEST, "repeat": 40},
    ],
)
def test_bytes_beyond_64_bits_are_told_from_few(name: str, layer: dict[str, int]) -> None:
    """Products and sums of bytes that leave 64 bits are too large for a memory, not small again."""
    devices = [{"name": n, "memory_bytes": _LARGEST} for n in "ab"]
    problem = _problem(
        layers=[layer | {"name": "layer", "output_bytes": 0, "forward_ns": {"a": 1, "b": 1}}],
        device_graph={"devices": devices, "default_link": {"bandwidth_bit_per_s": 10**15}},
        state_copies=15,
    )
    claim = _METHODS[name].load().solve(problem, _LIMITS)
    assert claim.reason is Reason.INFEASIBLE


def test_what_is_never_sent_may_be_of_any_size() -> None:
    """Without a link nothing crosses: the bytes of a micro-batch do not bind."""
    layer = {"name": "layer", "weight_bytes": 1, "activation_bytes": 1, "output_bytes": _LARGEST}
    problem = _problem(
        layers=[layer | {"forward_ns": {"a": 10}}],
        device_graph={"devices": [{"name": "a", "memory_bytes": 1000}]},
        samples=100,
    )
    claim = DynamicProgram().solve(problem, _LIMITS)
    assert claim.lower_bound == 8 * 3 * 100 * 10


def test_lost_layers_go_to_the_neighbours_in_proportion_to_speed() -> None:
    """Three lost layers between a device and one a quarter as fast: two and one."""
    force = _in_force((0, 1, "b"), (1, 4, "x"), (4, 6, "c"))
    claim = Replay().solve(_problem(previous=force), _LIMITS)
    assert [(a, b) for a, b, _ in _stages(claim.plan)] == [(0, 3), (3, 6)]
    force = _in_force((0, 1, "a"), (1, 4, "x"), (4, 6, "c"))
    claim = Replay().solve(_problem(previous=force), _LIMITS)
    assert [(a, b) for a, b, _ in _stages(claim.plan)] == [(0, 3), (3, 6)]
    force = _in_force((0, 1, "a"), (1, 5, "x"), (5, 6, "c"))
    claim = Replay().solve(_problem(previous=force), _LIMITS)
    assert [(a, b) for a, b, _ in _stages(claim.plan)] == [(0, 4), (4, 6)]


def test_a_group_that_keeps_a_device_goes_on() -> None:
    """Its cut stays where it is; the micro-batch is shared anew among those that are left."""
    force = _in_force((0, 4, "axb"), (4, 6, "c"))
    claim = Replay().solve(_problem(previous=force), _LIMITS)
    assert _stages(claim.plan) == [(0, 4, {"a": 3, "b": 1}), (4, 6, {"c": 4})]


def test_both_ends_may_be_lost() -> None:
    """What was in front of the first and behind the last device left goes to them."""
    force = _in_force((0, 1, "x"), (1, 3, "a"), (3, 5, "b"), (5, 6, "y"))
    claim = Replay().solve(_problem(previous=force), _LIMITS)
    assert [(a, b) for a, b, _ in _stages(claim.plan)] == [(0, 3), (3, 6)]


def test_a_cut_that_does_not_fit_moves() -> None:
    """Room for two layers on the front device: the one behind takes more than its share."""
    force = _in_force((0, 1, "a"), (1, 4, "x"), (4, 6, "b"))
    tight = _problem(memory=(90, 1000, 1000), previous=force)
    claim = Replay().solve(tight, _LIMITS)
    assert [(a, b) for a, b, _ in _stages(claim.plan)] == [(0, 2), (2, 6)]
    assert claim.plan is not None
    assert verify(tight, claim.plan).accepted


def test_nothing_to_replay() -> None:
    """Without a plan in force, or without a device of it, it says so."""
    assert Replay().solve(_problem(), _LIMITS).detail == "there is no plan in force"
    gone = _problem(previous=_in_force((0, 6, "x")))
    assert "no device" in Replay().solve(gone, _LIMITS).detail


def test_a_plan_in_force_is_a_pipeline() -> None:
    """Stages that leave a gap are a contradiction in the document."""
    with pytest.raises(ValueError, match="begins at layer 3, not 2"):
        _problem(previous=_in_force((0, 2, "a"), (3, 6, "b")))
    with pytest.raises(ValueError, match="end at layer 5"):
        _problem(previous=_in_force((0, 5, "a")))


def test_samples_are_shared_by_speed() -> None:
    """Seven samples on devices of speed 4, 2 and 1 take as long on each."""
    tables = build(_problem(samples=7))
    assert tables.shares((0, 6), (1, 1, 1), 1) == {0: 4, 1: 2, 2: 1}
    # Forward 4 samples x 6 layers x 10 ns, and twice that back.
    assert int(tables.execution((1, 1, 1), 1)[0, 6]) == 3 * 240


def test_memory_shifts_samples() -> None:
    """A device with room for the activations of two samples gives two up to the next fastest."""
    tables = build(_problem(samples=7, memory=(180 + 12, 1000, 1000)))
    assert tables.shares((0, 6), (1, 1, 1), 1) == {0: 2, 1: 4, 2: 1}


def test_equal_devices_are_counted() -> None:
    """Five equal boards are one class; another link makes a device another."""
    problem = load("nanos-5-resnet-50")
    assert [len(row) for row in build(problem).classes] == [5]
    slow = {"source": "a", "target": "b", "bandwidth_bit_per_s": 10**6}
    document = _three()
    graph = dict(document["device_graph"])  # type: ignore[call-overload]
    layer = document["layers"][0] | {"forward_ns": {"a": 1, "b": 1, "c": 1}}  # type: ignore[index]
    linked = document | {"device_graph": graph | {"links": [slow]}, "layers": [layer]}
    tables = build(validate(linked, PipelineTrainingProblem))
    assert sorted(map(len, tables.classes)) == [1, 2]


@pytest.mark.parametrize("name", ["boards-4-mobilenet-v2", "boards-6-mobilenet-v2"])
def test_free_order_and_subsets_beat_the_fixed_order(name: str) -> None:
    """Asteroid's plan on these testbeds is over 5 % above the optimum."""
    problem, best = load(name), best_known(name).objective
    claim = Asteroid().solve(problem, _LIMITS)
    assert claim.plan is not None
    cost = verify(problem, claim.plan).objective
    assert cost is not None
    assert best is not None
    assert cost > best * 1.05


def test_too_many_sets_are_declined() -> None:
    """Eleven unequal devices are outside of what the dynamic program takes."""
    kinds = [chr(ord("a") + n) for n in range(11)]
    layer = {
        "name": "layer",
        "weight_bytes": 1,
        "activation_bytes": 1,
        "output_bytes": 1,
        "forward_ns": {kind: n + 1 for n, kind in enumerate(kinds)},
    }
    devices = [{"name": kind, "memory_bytes": 100} for kind in kinds]
    document = _three() | {"layers": [layer], "device_graph": {"devices": devices}}
    claim = DynamicProgram().solve(validate(document, PipelineTrainingProblem), _LIMITS)
    assert claim.reason is Reason.UNSUPPORTED


def test_the_bound_is_exact_for_devices_that_differ_by_a_factor() -> None:
    """Speeds 4, 2 and 1 share seven samples of 60 ns without a rest: 8 rounds of 3 x 240 ns."""
    assert lower_bound(_problem(samples=7)) == 8 * 3 * 240
