"""Serving flows: bounds, cuts and closed forms against enumeration and the verifier."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.serving_flow import (
    NodeType,
    ServingFlowPlan,
    ServingFlowProblem,
    ServingNode,
    TokenLink,
)
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances import best_known, load
from solvers.base import Stopwatch
from solvers.decomposition.serving_flow_lines import sharpen
from solvers.registry import entry
from solvers.tables import serving_flow_cuts as cuts
from solvers.tables.serving_flow import Tables, build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_bound import upper_bound
from tests.oracles.serving_flow import optimum, plans
from tests.serving_strategies import serving_flow

_LIMITS = Limits(time_limit_ns=20 * 10**9)
_FEW = settings(max_examples=60, deadline=None)


def _flow(problem: ServingFlowProblem, plan: ServingFlowPlan) -> int:
    """The flow through a plan; 0 where it is refused, which is for nothing else here."""
    objective = verify(problem, plan).objective
    return 0 if objective is None else problem.compute_bound - objective


@_FEW
@given(serving_flow(), st.data())
def test_tables_and_verifier_measure_the_same_flow(
    problem: ServingFlowProblem, data: st.DataObject
) -> None:
    """Whatever the links, both compute one flow; where none binds, the closed form too."""
    plan = data.draw(st.sampled_from(list(plans(problem))))
    tables = build(problem)
    ranges = tables.ranges(plan)
    assert ranges is not None
    flow = _flow(problem, plan)
    assert tables.flow(*ranges).value == flow
    assert tables.value(*ranges) == flow
    assert tables.plan(*ranges) == plan


@_FEW
@given(serving_flow())
def test_no_bound_is_below_the_largest_flow(problem: ServingFlowProblem) -> None:
    """The bound of the problem, the checker's and the solvers' hold for every placement."""
    best = optimum(problem)
    flow = 0 if best is None else problem.compute_bound - best
    assert flow <= upper_bound(build(problem)) <= problem.compute_bound
    assert flow <= problem.compute_bound - lower_bound(problem)  # type: ignore[operator]


@_FEW
@given(serving_flow(), st.data())
def test_cuts_hold_for_every_placement(problem: ServingFlowProblem, data: st.DataObject) -> None:
    """A minimum cut equals its own placement's flow, no link binding, and limits all others."""
    wide = problem.compute_bound
    nodes = tuple(
        n.model_copy(update={"from_source_utokens_per_s": wide, "to_sink_utokens_per_s": wide})
        for n in problem.nodes
    )
    update = {"nodes": nodes, "links": (), "default_link_utokens_per_s": wide}
    joined = problem.model_copy(update=update)
    tables = build(joined)
    assert tables.loose
    every = list(plans(joined))
    plan = data.draw(st.sampled_from(every))
    cut = cuts.minimum(tables, *_ranges(tables, plan))
    assert _price(tables, cut, plan) == _flow(joined, plan)
    other = data.draw(st.sampled_from(every))
    assert _price(tables, cut, other) >= _flow(joined, other)


def _ranges(tables: Tables, plan: ServingFlowPlan) -> tuple[np.ndarray, np.ndarray]:
    found = tables.ranges(plan)
    assert found is not None
    return found


def _price(tables: Tables, cut: np.ndarray, plan: ServingFlowPlan) -> int:
    start, stop = _ranges(tables, plan)
    return int(tables.rates(start, stop)[cut[start] & ~cut[stop]].sum())


@pytest.mark.parametrize("seed", range(3))
def test_equal_nodes_may_be_exchanged(seed: int) -> None:
    """Nodes of one class swap their ranges without any change of the flow."""
    rng = np.random.default_rng(seed)
    tables = build(_gateway())
    held = rng.integers(1, tables.most + 1)
    start = np.array([int(rng.integers(0, tables.layers - k + 1)) for k in held])
    stop = start + held
    for members in tables.classes:
        order = np.arange(tables.nodes)
        order[list(members)] = rng.permutation(members)
        assert tables.flow(start[order], stop[order]).value == tables.flow(start, stop).value


def _gateway() -> ServingFlowProblem:
    """A gateway and eight hosts that are joined by it alone."""
    names = ["gateway", *(f"host-{number}" for number in range(8))]
    return ServingFlowProblem(
        layers=9,
        node_types=(NodeType(name="gpu", utokens_per_s=(12 * 10**6, 6 * 10**6, 4 * 10**6)),),
        nodes=tuple(
            ServingNode(
                name=name,
                type="gpu",
                from_source_utokens_per_s=10**9,
                to_sink_utokens_per_s=10**9,
            )
            for name in names
        ),
        links=tuple(
            TokenLink(source=names[0], target=host, utokens_per_s=10**9) for host in names[1:]
        ),
    )


def test_hosts_behind_a_gateway_are_bounded_by_it() -> None:
    """Every token passes host, gateway, host, so that the gateway has to hold three layers."""
    problem = _gateway()
    joined = problem.model_copy(update={"links": (), "default_link_utokens_per_s": 10**9})
    assert upper_bound(build(joined)) == joined.compute_bound == 12 * 10**6
    assert upper_bound(build(problem)) == 4 * 10**6


def _weighed(problem: ServingFlowProblem) -> int:
    """The bound of several lines together."""
    best = Best(build(problem))
    sharpen(best, Stopwatch(_LIMITS, None))
    return best.upper


@settings(max_examples=15, deadline=None)
@given(serving_flow())
def test_lines_weighed_together_hold(problem: ServingFlowProblem) -> None:
    """Whatever weights are proposed, no placement lets more pass."""
    best = optimum(problem)
    assert (0 if best is None else problem.compute_bound - best) <= _weighed(problem)


def test_one_size_has_to_serve_every_line() -> None:
    """Four layers carry 27 alone, but beside a node of one they are a pipeline: 27, not 36."""
    problem = ServingFlowProblem(
        layers=5,
        node_types=(NodeType(name="gpu", utokens_per_s=(19, 19, 18, 27, 3)),),
        nodes=tuple(
            ServingNode(
                name=name, type="gpu", from_source_utokens_per_s=99, to_sink_utokens_per_s=99
            )
            for name in ("a", "b")
        ),
        links=(
            TokenLink(source="a", target="b", utokens_per_s=28, directed=True),
            TokenLink(source="b", target="a", utokens_per_s=1, directed=True),
        ),
    )
    assert upper_bound(build(problem)) == 36
    best = optimum(problem)
    assert best is not None
    assert _weighed(problem) == problem.compute_bound - best == 27


def test_two_nodes_side_by_side_let_pass_what_one_cannot() -> None:
    """One layer on both of two equal nodes: the flow is twice what a pipeline has."""
    problem = ServingFlowProblem(
        layers=1,
        node_types=(NodeType(name="gpu", utokens_per_s=(5,)),),
        nodes=tuple(
            ServingNode(name=name, type="gpu", from_source_utokens_per_s=9, to_sink_utokens_per_s=9)
            for name in ("a", "b")
        ),
    )
    claim = entry("serving_flow", "stages").load().solve(problem, Limits())  # type: ignore[union-attr]
    assert claim.plan is not None
    assert _flow(problem, claim.plan) == 10


@pytest.mark.parametrize("name", ["stages-5", "gateways-6", "slow-links-4"])
def test_unrelated_methods_prove_the_same(name: str) -> None:
    """CP-SAT's own model ends with the shipped objective."""
    problem, best = load(name), best_known(name)
    claim = entry("serving_flow", "cpsat").load().solve(problem, Limits())  # type: ignore[union-attr]
    assert claim.lower_bound == best.objective


def test_too_many_nodes_are_left_to_others() -> None:
    """The search through all ranges says that it does not take a large cluster."""
    small = load("stages-5")
    assert isinstance(small, ServingFlowProblem)
    nodes = tuple(
        small.nodes[0].model_copy(update={"name": f"host-{number}"}) for number in range(25)
    )
    claim = (
        entry("serving_flow", "branch-and-bound")
        .load()  # type: ignore[union-attr]
        .solve(small.model_copy(update={"nodes": nodes}), Limits())
    )
    assert claim.reason is Reason.UNSUPPORTED
