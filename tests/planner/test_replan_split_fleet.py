"""A fleet whose servers are lost or slower: the changed problem and which streams change."""

import pytest

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Grade, Limits
from planner import service
from planner.replan import ChangeError, changed, moves
from planner.verify import verify
from problem_instances import best_known, load

_LIMITS = Limits(time_limit_ns=30 * 10**9)


def _shipped(name: str) -> tuple[SplitFleetProblem, SplitFleetPlan]:
    problem, plan = load(name), best_known(name).plan
    assert isinstance(problem, SplitFleetProblem)
    assert isinstance(plan, SplitFleetPlan)
    return problem, plan


def test_a_lost_server_leaves_the_others() -> None:
    """The old plan is refused, the new one costs more, and the streams that change are named."""
    problem, plan = _shipped("corridor-24")
    after = changed(problem, plan, lost=("server-2",))
    assert isinstance(after, SplitFleetProblem)
    assert [server.name for server in after.servers] == ["server-1"]
    assert {v.rule for v in verify(after, plan).violations} == {"unknown-server"}
    certificate = service.plan(after, _LIMITS, solver="prices")
    assert certificate.grade is Grade.OPTIMAL
    assert (certificate.objective or 0) > (verify(problem, plan).objective or 0)
    assert certificate.plan is not None
    found = moves(after, plan, certificate.plan)
    assert any(move.source == "server-2" for move in found)
    assert all(move.size_bytes == 0 for move in found)


def test_a_change_of_server_alone_is_told() -> None:
    """A stream that keeps its option on another server moves; one that keeps both does not."""
    problem, plan = _shipped("crossing-4")
    choice = next(item for item in plan.choices if item.server is not None)
    other = next(item.name for item in problem.servers if item.name != choice.server)
    moved = choice.model_copy(update={"server": other})
    after = SplitFleetPlan(choices=tuple(moved if c is choice else c for c in plan.choices))
    (move,) = moves(problem, plan, after)
    assert (move.source, move.target) == (choice.server, other)
    assert move.what == f"{choice.stream} in {choice.window}: {choice.option}"
    assert moves(problem, plan, plan) == ()


def test_a_change_of_option_names_both() -> None:
    """What a stream does now stands beside what it did."""
    problem, plan = _shipped("crossing-4")
    choice = next(item for item in plan.choices if item.server is not None)
    local = choice.model_copy(update={"option": "local", "server": None})
    after = SplitFleetPlan(choices=tuple(local if c is choice else c for c in plan.choices))
    (move,) = moves(problem, plan, after)
    assert move.what.endswith(f": local instead of {choice.option}")
    assert (move.source, move.target) == (choice.server, "its device")


def test_slower_servers_and_uplinks_have_less_room() -> None:
    """A factor of two halves a bandwidth and doubles the time on a server."""
    problem, plan = _shipped("crossing-4")
    after = changed(problem, plan, slowed=(("edge", "2"), ("cell-north", "1.5")))
    assert isinstance(after, SplitFleetProblem)
    was = {server.name: server.slowdown_ppm for server in problem.servers}
    now = {server.name: server.slowdown_ppm for server in after.servers}
    assert now == was | {"edge": 2 * was["edge"]}
    rate = problem.uplinks[0].bandwidth_bit_per_s
    assert after.uplinks[0].bandwidth_bit_per_s == rate * 2 // 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lost": ("nowhere",)}, "there is no server 'nowhere'"),
        ({"lost": ("cell-north",)}, "there is no server 'cell-north'"),
        ({"slowed": (("nowhere", "2"),)}, "no server and no uplink 'nowhere'"),
        ({"slowed": (("edge", "0"),)}, "0 times slower is out of range"),
        ({"ns_per_mib": 1}, "moves have no price"),
    ],
)
def test_changes_that_do_not_fit(fields: dict[str, object], message: str) -> None:
    """Each names what is wrong with it."""
    with pytest.raises(ChangeError, match=message):
        changed(*_shipped("crossing-4"), **fields)  # type: ignore[arg-type]
