"""Placements beyond the oracle's reach: bounds, magnitudes, the sort, the slowest expert."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import read_problem, validate
from models.problems.offload_placement import (
    OffloadPlacementProblem,
    TokenLatency,
)
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.offload_placement import OffloadSpec
from problem_instances.readers.offload_placement import Hardware, problem_from
from problem_instances.readers.routing import routing
from solvers.base import Stopwatch
from solvers.decomposition.offload_placement_ascent import Ascent, proved
from solvers.heuristic.offload_placement_search import improve
from solvers.registry import entries, entry
from solvers.tables.offload_placement import build
from tests.offload_strategies import offload_placement
from tests.oracles import offload_placement as oracle

LAWS = settings(deadline=None, max_examples=25)


def _generated(spec: OffloadSpec) -> OffloadPlacementProblem:
    problem = read_problem(generate(spec))
    assert isinstance(problem, OffloadPlacementProblem)
    return problem


def _solved(problem: OffloadPlacementProblem, method: str, seconds: int = 60):
    found = entry(problem.kind, method)
    assert found is not None
    claim = found.load().solve(problem, Limits(time_limit_ns=seconds * 10**9))
    objective = None if claim.plan is None else verify(problem, claim.plan).objective
    return claim, objective


@LAWS
@given(problem=offload_placement(objective=TokenLatency.SUM), data=st.data())
def test_any_prices_and_values_bound_the_optimum(
    problem: OffloadPlacementProblem, data: st.DataObject
) -> None:
    """Whatever the prices and values, their bound is no more than the optimum.

    So no error of floating point in finding them can make it too high, and what a column adds to it
    is never more than what its best plan costs.
    """
    optimum = oracle.optimum(problem)
    tables = build(problem)
    if optimum is None or tables.empty:
        return
    size = len(tables.capacity)
    prices = data.draw(st.lists(st.floats(0, 1e4), min_size=size, max_size=size))
    values = data.draw(
        st.lists(st.floats(0, 1e9), min_size=tables.clients, max_size=tables.clients)
    )
    found = proved(tables, np.array(prices), np.array(values))
    assert found.bound <= optimum
    risen = Ascent(tables).rise(np.array(prices))
    sharper = proved(tables, risen.prices, risen.values)
    assert sharper.bound <= optimum
    best = min(
        (plan for plan in oracle.plans(problem) if verify(problem, plan).objective == optimum),
        key=str,
    )
    chosen = tables.columns(best)
    assert chosen is not None
    assert (sharper.bound + sharper.increase[chosen] <= optimum).all()


def test_shared_bases_count_in_the_bound() -> None:
    """Values that expect the SSD are taken back by what a base and its deltas save, all of it."""
    share = {"base_bytes": 500, "delta_bytes": 100, "loss_ppm": [0, 0]}
    problem = validate(
        {
            "kind": "offload_placement",
            "holders": [
                {"name": "gpu", "memory_bytes": 900, "read_bytes_per_s": "1 GB/s"},
                {"name": "ssd"},
            ],
            "links": [{"source": "gpu", "target": "ssd", "bandwidth_bit_per_s": "80 Mbit/s"}],
            "sites": ["gpu"],
            "layers": [
                {
                    "name": "l", "top_k": 1, "expert_bytes": 1000, "activations": [[5, 3]],
                    "share": share,
                }
            ],
            "tokens": 8,
        },
        OffloadPlacementProblem,
    )  # fmt: skip
    tables = build(problem)
    values = np.array([5.0, 3.0]) * 60_600
    found = proved(tables, np.zeros(len(tables.capacity)), values)
    assert found.bound == _solved(problem, "milp")[1] == 8 * 600


@LAWS
@given(problem=offload_placement())
def test_the_combinatorial_bound_holds(problem: OffloadPlacementProblem) -> None:
    """The bound without a solver is never above the optimum."""
    bound, optimum = lower_bound(problem), oracle.optimum(problem)
    assert bound is None or optimum is None or bound <= optimum


@LAWS
@given(problem=offload_placement())
def test_local_search_never_makes_a_plan_worse(problem: OffloadPlacementProblem) -> None:
    """What local search leaves keeps to the rules and costs no more than where it began."""
    tables = build(problem)
    if tables.empty or not tables.fits(tables.safest()):
        return
    before = tables.safest()
    after = improve(tables, before, Stopwatch(Limits(), None))
    verdict = verify(problem, tables.plan(after))
    assert verdict.objective == tables.value(after)
    assert tables.value(after) <= tables.value(before)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_loss_the_plan_is_a_sort(seed: int) -> None:
    """At budget 0, equal sizes and one fast holder, the most activated experts are on it.

    The optimum is then known without any solver: what the sort leaves is what is fetched.
    """
    spec = OffloadSpec(seed, layers=5, gpu_mb=1500, cpu_mb=0, budget=0)
    problem = _generated(spec)
    layer = problem.layers[0]
    slots = (problem.holders[0].room_bytes or 0) // layer.expert_bytes
    counts = sorted((f for item in problem.layers for f in item.activations[0]), reverse=True)
    here = 5_000 - (-layer.expert_bytes * 10**9 // (400 * 10**9))
    away = here + 100_000 - (-8 * layer.expert_bytes * 10**9 // (24 * 10**9))
    expected = here * sum(counts[:slots]) + away * sum(counts[slots:])
    for method in ("lagrangian", "milp", "frequency-greedy"):
        assert _solved(problem, method)[1] == expected, method
    assert lower_bound(problem) is not None
    assert (lower_bound(problem) or 0) <= expected


@pytest.mark.parametrize("seed", [1, 2])
def test_two_formulations_agree_on_hundreds_of_experts(seed: int) -> None:
    """Prices and the assignment program find one optimum of three tiers, and each bounds it."""
    spec = OffloadSpec(
        seed, "mixtral-8x7b", layers=12, gpu_mb=8_000, cpu_mb=5_000, neighbours=7, grain=100
    )
    problem = _generated(spec)
    first, one = _solved(problem, "lagrangian")
    second, other = _solved(problem, "milp")
    assert first.reason is second.reason is Reason.COMPLETED
    assert one == other == first.lower_bound == second.lower_bound


def test_every_baseline_is_above_the_optimum_of_switch_base() -> None:
    """On the shipped edge box each baseline gives a plan that holds and that is beaten."""
    problem = load("switch-base-128-edge")
    assert isinstance(problem, OffloadPlacementProblem)
    _, best = _solved(problem, "lagrangian")
    assert best is not None
    for method in entries(problem.kind):
        if not method.traits.exact:
            _, objective = _solved(problem, method.name, seconds=20)
            assert objective is not None, method.name
            assert objective > best, method.name


def test_routing_tables_become_problems() -> None:
    """Activations, patterns and distances follow from who was chosen with whom."""
    table = np.array([[[0, 1]], [[0, 1]], [[0, 2]], [[3, 1]]])
    hardware = Hardware(
        holders=({"name": "gpu", "read_bytes_per_s": "1 GB/s"},), links=(), sites=("gpu",)
    )
    data = problem_from([routing(table)], hardware, 8, neighbours=1, patterns=True)
    problem = validate(data | {"objective": "max"}, OffloadPlacementProblem)
    layer = problem.layers[0]
    assert layer.activations == ((3, 3, 1, 1),)
    assert {(p.experts, p.tokens) for p in layer.patterns} == {
        ((0, 1), 2), ((0, 2), 1), ((1, 3), 1),
    }  # fmt: skip
    # Expert 2 was only ever chosen with 0, as 1 was, twice of three times: cosine 2 / sqrt(5).
    assert {(i, j): d for i, j, d in layer.merge}[2, 1] == round((1 - 2 / 5**0.5) * 10**6)
    assert "proxy" in problem.about


def test_the_slowest_expert_is_planned_for() -> None:
    """Where the slowest of a token counts, experts chosen together go together.

    Two pairs and room for two experts: added up, the four counts are all alike; for the slowest,
    only a whole pair on the fast holder saves anything.
    """
    layer = {
        "name": "l", "top_k": 1, "expert_bytes": 1000, "activations": [[10, 10, 10, 10]],
        "patterns": [{"site": "gpu", "experts": [0, 3], "tokens": 10},
                     {"site": "gpu", "experts": [1, 2], "tokens": 10}],
    }  # fmt: skip
    problem = validate(
        {
            "kind": "offload_placement",
            "holders": [
                {"name": "gpu", "memory_bytes": 2000, "read_bytes_per_s": "1 GB/s"},
                {"name": "ssd"},
            ],
            "links": [{"source": "gpu", "target": "ssd", "bandwidth_bit_per_s": "80 Mbit/s"}],
            "sites": ["gpu"],
            "layers": [layer],
            "tokens": 20,
            "objective": "max",
        },
        OffloadPlacementProblem,
    )
    for method in ("lagrangian", "milp", "cpsat"):
        claim, objective = _solved(problem, method)
        assert objective == 10 * 1_000 + 10 * 101_000
        plan = claim.plan
        held = {c.expert for c in plan.layers[0].copies if c.holder == "gpu"}
        assert held in ({0, 3}, {1, 2})


@pytest.mark.slow
def test_large_generated_models_have_a_bound_and_a_plan() -> None:
    """Prices alone bound a model of 6 layers x 128 experts on four tiers to within 2 % soon."""
    spec = OffloadSpec(1, "large", layers=6, gpu_mb=1_500, cpu_mb=3_000, neighbour_mb=1_000)
    claim, objective = _solved(_generated(spec), "lagrangian", seconds=10)
    assert objective is not None
    assert claim.lower_bound is not None
    assert claim.lower_bound <= objective <= 1.02 * claim.lower_bound
