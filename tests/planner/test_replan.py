"""Lost and slowed devices: the changed problem and its price of moving."""

import pytest

from models.problems.pipeline_partition import PipelinePartitionProblem
from models.result import Grade, Limits
from planner import service
from planner.replan import ChangeError, changed
from planner.verify import verify
from tests.small import split, two_devices

_LIMITS = Limits(time_limit_ns=60 * 10**9)


def test_a_lost_device_leaves_the_rest() -> None:
    """The other device takes everything over when it has the room; the moved bytes are told."""
    problem = changed(two_devices(memory_bytes=400), split(3), lost=("quick",))
    certificate = service.plan(problem, _LIMITS, solver="dp")
    assert certificate.grade is Grade.OPTIMAL
    assert certificate.breakdown.totals["migration_bytes"] == 300
    assert certificate.objective == 800


def test_a_slowed_device_is_slower_by_the_factor() -> None:
    """Rates and measured times both follow."""
    by_rate = changed(two_devices(), split(3), slowed=(("quick", "3"),))
    assert verify(by_rate, split(3)).objective == 900 + 15 + 200
    measured = two_devices(
        profile={"measurements": [{"time_ns": {"quick": {"layer": 50}, "slow": {"layer": 80}}}]}
    )
    by_profile = changed(measured, split(3), slowed=(("quick", "1.5"),))
    assert verify(by_profile, split(3)).objective == 225 + 15 + 80


def test_slowed_devices_with_long_names_and_equal_beginnings() -> None:
    """A device type of its own fits where the device's name is as long as a name may be."""
    names = ["x" * 99 + end for end in "ab"]
    devices = [
        {"name": name, "type": "box", "memory_bytes": 300, "memory_bytes_per_s": 10**9}
        for name in names
    ]
    problem = two_devices(
        device_graph={"devices": devices, "default_link": {"bandwidth_bit_per_s": 8 * 10**9}},
        profile={"measurements": [{"time_ns": {"box": {"layer": 100}}}]},
    )
    plan = split(3, *names)
    slower = changed(problem, plan, slowed=((names[0], "2"), (names[1], "3")))
    assert verify(slower, plan).objective == 600 + 5 + 300
    twice = changed(problem, plan, slowed=((names[0], "2"), (names[0], "3")))
    assert verify(twice, plan).objective == 1800 + 5 + 100


def test_the_weight_keeps_the_old_plan_when_moving_is_dear() -> None:
    """Free moves follow the speed; at a price per MiB above the gain the plan stays."""

    def best(ns_per_mib: int) -> int:
        problem = changed(two_devices(), split(3), (), (("quick", "3"),), ns_per_mib)
        certificate = service.plan(problem, _LIMITS, solver="dp")
        return certificate.breakdown.totals["migration_bytes"]

    assert best(0) > 0
    assert best(2**20 * 100) == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lost": ("other",)}, "there is no device 'other'; use one of: quick, slow"),
        ({"lost": ("quick", "slow")}, "no device is left"),
        ({"slowed": (("quick", "fast"),)}, "'fast' is no factor"),
        ({"slowed": (("quick", "-1"),)}, "-1 times slower is out of range"),
        ({"slowed": (("quick", "1e30000000"),)}, "'1e30000000' is no factor"),
    ],
)
def test_changes_that_do_not_fit(fields: dict[str, tuple[str, ...]], message: str) -> None:
    """Each names what is wrong with it."""
    with pytest.raises(ChangeError, match=message):
        changed(two_devices(), split(3), **fields)  # type: ignore[arg-type]


def test_losing_the_source_is_told() -> None:
    """The first layer is bound to the source, so its loss needs a decision in the document."""
    problem: PipelinePartitionProblem = two_devices(source_device="quick")
    with pytest.raises(ChangeError, match="'quick' is the source device"):
        changed(problem, split(3), lost=("quick",))
