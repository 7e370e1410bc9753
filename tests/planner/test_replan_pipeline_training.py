"""Testbeds and groups whose devices are lost or slower: the changed problem and what moves."""

import pytest

from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.problems.tensor_partition import TensorPartitionPlan, TensorPartitionProblem
from models.result import Grade, Limits
from planner import service
from planner.replan import ChangeError, changed, moves
from planner.verify import verify
from problem_instances import best_known, load

_LIMITS = Limits(time_limit_ns=30 * 10**9)


def _testbed(name: str = "readable-4") -> tuple[PipelineTrainingProblem, PipelineTrainingPlan]:
    problem, plan = load(name), best_known(name).plan
    assert isinstance(problem, PipelineTrainingProblem)
    assert isinstance(plan, PipelineTrainingPlan)
    return problem, plan


def _group() -> tuple[TensorPartitionProblem, TensorPartitionPlan]:
    problem, plan = load("galaxy-f-bert-l"), best_known("galaxy-f-bert-l").plan
    assert isinstance(problem, TensorPartitionProblem)
    assert isinstance(plan, TensorPartitionPlan)
    return problem, plan


def test_replay_is_no_better_than_planning_anew_and_moves_no_more() -> None:
    """A lost board of a group: its stage goes on without weights moved, at a longer round."""
    problem, plan = _testbed("boards-6-resnet-50")
    after = changed(problem, plan, lost=("nano-2",))
    assert isinstance(after, PipelineTrainingProblem)
    assert after.previous == plan.stages
    assert {v.rule for v in verify(after, plan).violations} == {"unknown-device"}
    replayed = service.plan(after, _LIMITS, solver="replay")
    anew = service.plan(after, _LIMITS, solver="dp")
    assert replayed.plan is not None
    assert anew.plan is not None
    assert anew.grade is Grade.OPTIMAL
    assert (replayed.objective or 0) > (anew.objective or 0)
    assert moves(after, plan, replayed.plan) == ()
    assert sum(move.size_bytes for move in moves(after, plan, anew.plan)) > 0


def test_what_moves_comes_from_a_device_that_is_left() -> None:
    """Layers of the lost tablet come from none, those the box held from the box."""
    problem, plan = _testbed()
    after = changed(problem, plan, lost=("tablet",))
    assert isinstance(after, PipelineTrainingProblem)
    certificate = service.plan(after, _LIMITS, solver="replay")
    assert certificate.plan is not None
    found = moves(after, plan, certificate.plan)
    assert [(m.what, m.source, m.target, m.size_bytes) for m in found] == [
        ("layer 5", None, "box", 12_000_000)
    ]


def test_slower_devices_get_times_of_their_own() -> None:
    """A factor of two doubles every layer's time on that device alone."""
    problem, plan = _testbed("nanos-5-resnet-50")
    after = changed(problem, plan, slowed=(("nano-2", "2"),))
    assert isinstance(after, PipelineTrainingProblem)
    kinds = {device.name: device.profile_type for device in after.devices}
    assert kinds["nano-2"] != kinds["nano-1"] == "nano"
    for old, new in zip(problem.layers, after.layers, strict=True):
        assert new.forward_ns == old.forward_ns | {kinds["nano-2"]: 2 * old.forward_ns["nano"]}


def test_a_group_goes_on_without_a_device() -> None:
    """The two boards that are left take over heads and columns, as bytes of weights."""
    problem, plan = _group()
    after = changed(problem, plan, lost=("s-3",), slowed=(("m-2", "1.5"),))
    assert isinstance(after, TensorPartitionProblem)
    assert [member.name for member in after.devices] == ["l-1", "m-2"]
    assert after.devices[1].mlp_ns == problem.devices[1].mlp_ns * 3 // 2
    certificate = service.plan(after, _LIMITS, solver="bisection")
    assert certificate.plan is not None
    lost = next(share for share in plan.shares if share.device == "s-3")
    found = moves(after, plan, certificate.plan)
    per_layer = (
        lost.heads * problem.attention_bytes // problem.heads
        + lost.columns * problem.mlp_bytes // problem.columns
    )
    assert sum(move.size_bytes for move in found) >= problem.layers * per_layer


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lost": ("nowhere",)}, "there is no device 'nowhere'"),
        ({"slowed": (("nowhere", "2"),)}, "there is no device 'nowhere'"),
        ({"ns_per_mib": 1}, "no price"),
    ],
)
def test_changes_that_do_not_fit(fields: dict[str, object], message: str) -> None:
    """Each names what is wrong with it, for either kind."""
    for problem, plan in (_testbed(), _group()):
        with pytest.raises(ChangeError, match=message):
            changed(problem, plan, **fields)  # type: ignore[arg-type]


def test_all_devices_lost() -> None:
    """Nothing is left to plan for."""
    for problem, plan in (_testbed(), _group()):
        with pytest.raises(ChangeError, match="no device is left"):
            changed(problem, plan, lost=tuple(device.name for device in problem.devices))
