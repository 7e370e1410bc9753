"""Replanning a prompt's pipeline: devices lost, devices slower, what has to be loaded."""

import pytest

from api.examples import EXAMPLES
from models.documents import validate
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.result import Limits
from planner.replan import ChangeError, changed, moves
from planner.verify import verify
from solvers.registry import entry

_EXAMPLE = EXAMPLES["sequence_pipeline"]
_PROBLEM = validate(
    {**_EXAMPLE.problem, "device_order": None}
    | {"device_graph": {**_EXAMPLE.problem["device_graph"], "devices": [
        {"name": name, "type": "box", "memory_bytes": size}
        for name, size in (("left", "500 MB"), ("right", "500 MB"), ("spare", "1 GB"))
    ]}},
    SequencePipelineProblem,
)  # fmt: skip
_PLAN = validate(_EXAMPLE.plan, SequencePipelinePlan)


def test_a_slower_device_takes_so_many_times_as_long() -> None:
    """Its times get a type of its own; the other of the same type keeps its times."""
    problem = changed(_PROBLEM, _PLAN, slowed=(("right", "2.5"),))
    assert isinstance(problem, SequencePipelineProblem)
    before, after = (verify(p, _PLAN).breakdown.rows for p in (_PROBLEM, problem))
    assert after[0]["compute_ns"] == before[0]["compute_ns"]
    assert int(after[1]["compute_ns"]) * 2 == int(before[1]["compute_ns"]) * 5


def test_a_lost_device_is_planned_around() -> None:
    """What it held goes to the spare one, as the moves say."""
    problem = changed(_PROBLEM, _PLAN, lost=("right",))
    assert [device.name for device in problem.device_graph.devices] == ["left", "spare"]
    assert [fault.rule for fault in verify(problem, _PLAN).violations] == ["unknown-device"]
    method = entry("sequence_pipeline", "dp")
    assert method is not None
    plan = method.load().solve(problem, Limits()).plan
    assert plan is not None
    loaded = moves(problem, _PLAN, plan)
    assert {move.target for move in loaded} >= {"spare"}
    assert sum(move.size_bytes for move in loaded if move.source == "right") == 400 * 10**6


def test_moves_have_no_price() -> None:
    """A request's time does not count them, so that a price would be left out in silence."""
    with pytest.raises(ChangeError, match="no price"):
        changed(_PROBLEM, _PLAN, lost=("right",), ns_per_mib=1)


def test_an_order_loses_its_device() -> None:
    """A device that is gone is in no order; the rest keep theirs."""
    ordered = _PROBLEM.model_copy(update={"device_order": ("spare", "right", "left")})
    problem = changed(ordered, _PLAN, lost=("right",))
    assert isinstance(problem, SequencePipelineProblem)
    assert problem.device_order == ("spare", "left")
