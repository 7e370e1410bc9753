"""Serving flows in the planner: why, what if a node is lost, a drawing, the verifier's figures."""

import pytest

from models.documents import digest
from models.problems.serving_flow import (
    NodeType,
    Placement,
    ServingFlowPlan,
    ServingFlowProblem,
    ServingNode,
)
from models.result import Certificate, Grade, Limits
from planner import service
from planner.explain import binding, infeasible
from planner.plot import draw
from planner.replan import ChangeError, changed, moves
from planner.verify import verify
from problem_instances import best_known, load

_S = 10**9


def _chain(**fields: object) -> ServingFlowProblem:
    """Two equal nodes, one fed by the source, the other feeding the sink; three layers."""
    rates = NodeType(name="gpu", utokens_per_s=(9, 6))
    nodes = (
        ServingNode(name="first", type="gpu", from_source_utokens_per_s=50),
        ServingNode(name="last", type="gpu", to_sink_utokens_per_s=50),
    )
    given = {"layers": 3, "default_link_utokens_per_s": 5, **fields}
    return ServingFlowProblem(node_types=(rates,), nodes=nodes, **given)


def _plan(*ranges: tuple[str, int, int]) -> ServingFlowPlan:
    return ServingFlowPlan(
        placements=tuple(Placement(node=n, start=a, stop=b) for n, a, b in ranges)
    )


def test_what_a_node_loads_is_told_by_layers() -> None:
    """Layers that a node had stay; the others are told by number, a run at a time."""
    before, after = _plan(("first", 1, 2)), _plan(("first", 0, 2), ("last", 0, 3))
    told = [(move.what, move.target) for move in moves(_chain(), before, after)]
    assert told == [("layer 0", "first"), ("layers 0 to 2", "last")]


def test_the_slowest_part_of_the_only_path_counts() -> None:
    """Nine through one layer, six through two, five along the link: five tokens flow."""
    verdict = verify(_chain(), _plan(("first", 0, 1), ("last", 1, 3)))
    assert verdict.objective == (12 + 12) // 3 - 5
    assert [row["flow_utokens_per_s"] for row in verdict.breakdown.rows] == [5, 5]
    assert [row["room_utokens_per_s"] for row in verdict.breakdown.rows] == [9, 6]
    assert verdict.breakdown.totals["nodes_in_use"] == 2


def test_a_range_may_be_entered_in_the_middle_only_with_partial_inference() -> None:
    """Both nodes hold layer 1: a path with partial inference, none without."""
    plan = _plan(("first", 0, 2), ("last", 1, 3))
    assert verify(_chain(), plan).objective == 8 - 5
    whole = verify(_chain(partial_inference=False), plan)
    assert {violation.rule for violation in whole.violations} == {"no-flow"}


def test_what_binds_is_named() -> None:
    """Full nodes, scarce layers, and what the slow link costs."""
    problem = _chain()
    lines = binding(problem, _plan(("first", 0, 1), ("last", 1, 3)), 30 * _S)
    assert "no plan is better" in lines
    assert any("all that passes layers 1, 2" in line for line in lines)
    assert any(line.startswith("what links carry costs 1 ") for line in lines)


def test_idle_nodes_and_the_rule_of_whole_ranges_are_named() -> None:
    """A plan whose second node takes no part; partial inference would not help."""
    problem = _chain(layers=1, partial_inference=False, default_link_utokens_per_s=None)
    both = tuple(
        n.model_copy(update={"from_source_utokens_per_s": 50, "to_sink_utokens_per_s": 50 - i * 49})
        for i, n in enumerate(problem.nodes)
    )
    problem = problem.model_copy(update={"nodes": (both[0], problem.nodes[1])})
    lines = binding(problem, _plan(("first", 0, 1), ("last", 0, 1)), 30 * _S)
    assert "without any flow: last" in lines
    assert "the rule of whole ranges costs nothing" in lines


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"layers": 5}, "hold 4 of 5 layers: room for 1 layer lacks"),
        ({"default_link_utokens_per_s": None}, "links are missing"),
    ],
)
def test_why_nothing_flows(fields: dict[str, object], words: str) -> None:
    """The first reason that is enough by itself is told."""
    (line,) = infeasible(_chain(**fields), 30 * _S)
    assert words in line


def test_ends_that_are_missing_are_told() -> None:
    """Without a source, or with ends that no path joins."""
    problem = _chain()
    deaf = tuple(
        node.model_copy(update={"from_source_utokens_per_s": None}) for node in problem.nodes
    )
    (line,) = infeasible(problem.model_copy(update={"nodes": deaf}), 30 * _S)
    assert line.startswith("the source feeds no node")
    one = problem.nodes[0].model_copy(update={"to_sink_utokens_per_s": 50})
    far = problem.nodes[1].model_copy(update={"to_sink_utokens_per_s": None})
    (line,) = infeasible(problem.model_copy(update={"nodes": (one, far)}), 30 * _S)
    assert line == "too few nodes are joined to the source and the sink"


def _shipped(name: str) -> tuple[ServingFlowProblem, ServingFlowPlan]:
    problem, plan = load(name), best_known(name).plan
    assert isinstance(problem, ServingFlowProblem)
    assert isinstance(plan, ServingFlowPlan)
    return problem, plan


def test_a_lost_node_leaves_less_flow() -> None:
    """The old plan is refused, the flow falls, and nodes that load layers are named."""
    problem, plan = _shipped("gateways-6")
    after = changed(problem, plan, lost=("host-6",))
    assert isinstance(after, ServingFlowProblem)
    assert "host-6" not in {end for pair in after.rates for end in pair}
    assert {v.rule for v in verify(after, plan).violations} == {"unknown-node"}
    certificate = service.plan(after, Limits(time_limit_ns=60 * _S), solver="cover")
    assert certificate.grade is Grade.OPTIMAL
    flow = certificate.breakdown.totals["flow_utokens_per_s"]
    assert flow < verify(problem, plan).breakdown.totals["flow_utokens_per_s"]
    assert isinstance(certificate.plan, ServingFlowPlan)
    assert all(move.size_bytes == 0 for move in moves(after, plan, certificate.plan))
    assert moves(problem, plan, plan) == ()


def test_a_slower_node_is_of_a_type_of_its_own() -> None:
    """A factor of 1.5 leaves two thirds of every rate to one node, and all to the others."""
    problem, plan = _shipped("stages-5")
    after = changed(problem, plan, slowed=(("host-1", "1.5"),))
    assert isinstance(after, ServingFlowProblem)
    was, now = problem.throughput, after.throughput
    assert now["host-1"] == tuple(rate * 2 // 3 for rate in was["host-1"])
    assert all(now[name] == was[name] for name in was if name != "host-1")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lost": ("nobody",)}, "there is no node 'nobody'"),
        ({"slowed": (("nobody", "2"),)}, "there is no node 'nobody'"),
        ({"lost": ("first", "last")}, "no node is left"),
        ({"ns_per_mib": 1}, "they have no price"),
    ],
)
def test_changes_that_do_not_fit(fields: dict[str, object], message: str) -> None:
    """Unknown names, nothing left, and prices that this kind does not have are refused."""
    with pytest.raises(ChangeError, match=message):
        changed(_chain(), _plan(("first", 0, 1), ("last", 1, 3)), **fields)


def test_every_node_is_drawn_with_its_flow() -> None:
    """Each node has its bar, named with its type."""
    problem, plan = _shipped("stages-5")
    certificate = Certificate(
        grade=Grade.FEASIBLE,
        unit="µtokens/s",
        plan=plan,
        breakdown=verify(problem, plan).breakdown,
        problem_digest=digest(problem),
    )
    image = draw(problem, certificate, ".svg").decode()
    for node in problem.nodes:
        assert f"<!-- {node.name} ({node.type}): " in image
