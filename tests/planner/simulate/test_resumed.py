"""A failure and the plan that goes on after it, in one run."""

import pytest

from models.problems.pipeline_partition import PipelinePartitionPlan, Stage
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.problems.sequence_pipeline import SequencePipelinePlan
from models.result import Limits
from planner.replan import changed
from planner.simulate import Second, resume, simulate
from problem_instances import best_known, load
from solvers.heuristic.pipeline_training_replay import Replay
from solvers.registry import entry
from tests.small import two_devices


def _alone(device: str) -> PipelinePartitionPlan:
    return PipelinePartitionPlan(stages=(Stage(device=device, start=0, stop=4),))


def test_units_that_came_through_stay_done() -> None:
    """Two units of 400 ns, half of a third lost, and three of 800 ns on the other device."""
    problem = two_devices(400, objective="makespan", units=5)
    second = Second(_alone("slow"), after_ns=50)
    found = resume(problem, _alone("quick"), None, {"quick": 1000}, second)
    assert (found.units, found.units_done) == (5, 5)
    assert (found.predicted_ns, found.simulated_ns) == (5 * 400, 1000 + 50 + 3 * 800)
    assert [(bar.unit, bar.machine, bar.lost) for bar in found.bars] == [
        (0, "quick", False),
        (1, "quick", False),
        (2, "quick", True),
        (2, "slow", False),
        (3, "slow", False),
        (4, "slow", False),
    ]
    assert {use.machine: use.busy_ns for use in found.machines} == {"quick": 1000, "slow": 2400}
    assert "without a stop" in found.in_words


def test_a_stop_after_the_end_changes_nothing() -> None:
    """Nothing is left for the second plan, which is not even looked at."""
    problem = two_devices(400, objective="makespan", units=5)
    second = Second(_alone("quick"))
    found = resume(problem, _alone("quick"), None, {"quick": 2000}, second)
    assert (found.simulated_ns, found.difference_ppm, found.units_done) == (2000, 0, 5)


def _training() -> tuple[PipelineTrainingProblem, PipelineTrainingPlan, str]:
    """A shipped problem, its best plan, and a device of a group in it."""
    problem, plan = load("readable-4"), best_known("readable-4").plan
    assert isinstance(problem, PipelineTrainingProblem)
    assert isinstance(plan, PipelineTrainingPlan)
    group = next(stage for stage in plan.stages if len(stage.shares) > 1)
    return problem, plan, group.shares[0].device


@pytest.mark.parametrize("before_end_ns", [400_000_000, 1])
def test_a_round_of_training_begins_anew(before_end_ns: int) -> None:
    """No micro-batch stays done, not even when only the all-reduce at the end was lost."""
    problem, plan, lost = _training()
    whole = simulate(problem, plan).simulated_ns
    assert whole is not None
    left = changed(problem, plan, (lost,))
    assert isinstance(left, PipelineTrainingProblem)
    second = Replay().solve(left, Limits()).plan
    assert second is not None
    at = whole - before_end_ns
    found = resume(problem, plan, None, {lost: at}, Second(second, after_ns=7))
    alone = simulate(left, second).simulated_ns
    assert alone is not None
    assert found.simulated_ns == at + 7 + alone
    assert found.units_done == problem.micro_batches
    assert max(bar.stop_ns for bar in found.bars) == found.end_ns


def test_what_cannot_go_on_is_refused() -> None:
    """A second plan on the device that stopped, a stop of all devices, and no stop at all."""
    problem = two_devices(400, objective="makespan", units=5)
    quick, slow = _alone("quick"), Second(_alone("slow"))
    with pytest.raises(ValueError, match="after the stop: the plan is refused: unknown-device"):
        resume(problem, quick, None, {"quick": 10}, Second(quick))
    with pytest.raises(ValueError, match="does not use the device 'slow'"):
        resume(problem, quick, None, {"quick": 10, "slow": 10}, slow)
    with pytest.raises(ValueError, match="no device stops"):
        resume(problem, quick, None, {}, slow)


def test_a_prompt_begins_anew_in_the_chunks_of_the_second_plan() -> None:
    """What was computed is on the lost device, and the second plan cuts the prompt its own way."""
    name = "chunks-a-13b-1g"
    problem, plan = load(name), best_known(name).plan
    assert isinstance(plan, SequencePipelinePlan)
    lost = plan.stages[-1].device
    left = changed(problem, plan, lost=(lost,))
    method = entry("sequence_pipeline", "even-chunks")
    assert method is not None
    second = method.load().solve(left, Limits()).plan
    assert isinstance(second, SequencePipelinePlan)
    found = resume(problem, plan, None, {lost: 900 * 10**6}, Second(second))
    assert found.units == found.units_done == len(second.chunks) != len(plan.chunks)
    assert found.simulated_ns == 900 * 10**6 + (simulate(left, second).simulated_ns or 0)
