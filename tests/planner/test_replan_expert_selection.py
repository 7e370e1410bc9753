"""Re-planning of expert selections after a device is lost."""

import pytest

from models.problems.expert_selection import MeasuredSet
from models.problems.expert_selection_modes import QualityModel
from models.result import Limits
from planner.replan import ChangeError, changed, moves
from solvers.registry import entries
from tests.planner.test_verify_expert_selection import BOTH, problem


def test_a_lost_device_takes_its_experts() -> None:
    """Without "far" expert a is left, its links and measured sets too, and is the plan."""
    smaller = changed(problem(), BOTH, lost=("far",))
    assert [expert.name for expert in smaller.experts] == ["a"]
    assert [device.name for device in smaller.device_graph.devices] == ["home", "mid"]
    claim = entries("expert_selection")[0].load().solve(smaller, Limits())
    assert claim.plan is not None
    assert claim.plan.experts == ("a",)
    measured = tuple(
        MeasuredSet(experts=names, quality_ppm=quality)
        for names, quality in ((("a",), 1), (("a", "b"), 2))
    )
    table = problem(quality_model=QualityModel.TABLE, measured=measured)
    assert [row.experts for row in changed(table, BOTH, lost=("far",)).measured] == [("a",)]


def test_only_experts_that_come_into_service_move() -> None:
    """From a alone to both, b's weights are loaded on its device; back, nothing is."""
    alone = BOTH.model_copy(update={"experts": ("a",)})
    (move,) = moves(problem(), alone, BOTH)
    assert (move.what, move.source, move.target, move.size_bytes) == ("b", None, "far", 6)
    assert moves(problem(), BOTH, alone) == ()


@pytest.mark.parametrize(
    ("lost", "message"),
    [(("home",), "source device"), (("away",), "away"), (("far", "mid", "home"), "source device")],
)
def test_what_cannot_be_lost_is_told(lost: tuple[str, ...], message: str) -> None:
    """The source device stays, and only known devices are lost."""
    with pytest.raises(ChangeError, match=message):
        changed(problem(), BOTH, lost=lost)
