"""A simulated round of training: as it is drawn, and what a stop takes with it."""

import pytest

from models.problems.pipeline_training import PipelineTrainingPlan
from planner.plot.simulation import figure
from planner.simulate import simulate
from problem_instances import best_known, load


def test_every_device_of_a_group_averages() -> None:
    """The chart shows averaging on all devices of a group, and passes back apart from forward."""
    name = "nanos-5-resnet-50"
    plan = best_known(name).plan
    assert plan is not None
    found = simulate(load(name), plan, 3)
    groups = [
        {share["device"] for share in stage["shares"]}
        for stage in plan.model_dump(mode="json")["stages"]
        if len(stage["shares"]) > 1
    ]
    averaging = {bar.machine for bar in found.bars if bar.work == "all-reduce"}
    assert averaging == set().union(*groups) != set()
    texts = {text.get_text() for text in figure("a round", found, {}).axes[0].texts}
    assert {"1", "1′"} <= texts  # a pass back


@pytest.mark.parametrize("shared", [False, True])
def test_transfers_end_with_the_devices_at_their_ends(*, shared: bool) -> None:
    """A transfer under way when a device of either stage stops is lost, and none begins later."""
    name = "nanos-5-resnet-50"
    problem, plan = load(name), best_known(name).plan
    assert isinstance(plan, PipelineTrainingPlan)
    whole = simulate(problem, plan, shared=shared)
    transfers = [bar for bar in whole.bars if bar.work == "transfer"]
    middle = transfers[len(transfers) // 2]
    at = (middle.start_ns + middle.stop_ns) // 2
    lost = plan.stages[0].shares[0].device
    found = simulate(problem, plan, stops={lost: at}, shared=shared)
    under_way = [bar for bar in found.bars if bar.work == "transfer" and bar.stop_ns >= at]
    assert [(bar.start_ns, bar.stop_ns, bar.lost) for bar in under_way] == [
        (middle.start_ns, at, True)
    ]
