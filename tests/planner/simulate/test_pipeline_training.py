"""A simulated round of training, as it is drawn."""

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
